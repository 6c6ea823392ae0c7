"""What can go wrong with a question to the data."""

from __future__ import annotations


class GenieError(Exception):
    """A question that could not be answered; the message says which, why, and what could be asked instead."""
