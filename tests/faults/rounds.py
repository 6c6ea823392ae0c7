"""How often the long runs repeat what is a matter of luck: a few times, or as often as ROUNDS says."""

from __future__ import annotations

import os


def rounds(few: int) -> int:
    """The number of rounds: `few`, unless the environment has another."""
    return int(os.environ.get("ROUNDS", few))
