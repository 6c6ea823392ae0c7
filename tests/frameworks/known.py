"""The cells that are not exact through no fault of ours, and whose it is."""

from __future__ import annotations

KNOWN: dict[tuple[str, str], str] = {}
"""Row and column → whose fault it is, and what is seen. A cell that has become exact has to leave the table."""
