"""The manual is true: its blocks run, its links lead somewhere, its reference is the code's."""

from __future__ import annotations
