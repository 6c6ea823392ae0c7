"""The fault table, row by row, with the real faults."""

from __future__ import annotations
