"""What the app keeps: sessions, messages, decks and jobs, in one SQLite file that all its workers share."""

from __future__ import annotations
