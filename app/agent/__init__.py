"""The agent that plans, asks for data and writes the deck."""

from __future__ import annotations
