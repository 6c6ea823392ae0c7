"""What can go wrong with a model that answers over the network."""

from __future__ import annotations


class ModelError(Exception):
    """The model did not answer; the message says which, what was seen, and what to do."""
