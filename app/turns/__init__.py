"""Turns: one message of a person, from the order to the saved deck; streamed, waited for, or as a job."""

from __future__ import annotations
