"""The cells that are not exact through no fault of ours, and whose it is."""

from __future__ import annotations

_LOGFIRE = "Logfire tells the end of a stream, and the tokens, in a second span about the same call"

KNOWN: dict[tuple[str, str], str] = {
    ("OpenAI, Logfire", "streamed"): _LOGFIRE,
    ("OpenAI, Logfire", "client gone"): _LOGFIRE,
}
"""Row and column → whose fault it is, and what is seen. A cell that has become exact has to leave the table."""
