"""A process in which nothing is set, and which is left as it was."""

from __future__ import annotations

from tests.unit.conftest import fresh_process

__all__ = ["fresh_process"]
