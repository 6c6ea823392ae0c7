"""The ops dashboard: its figures, its endpoints and its metrics."""

from __future__ import annotations
