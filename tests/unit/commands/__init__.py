"""The commands, run in this process."""

from __future__ import annotations
