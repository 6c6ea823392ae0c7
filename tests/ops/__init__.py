"""The ops dashboard: its figures, its faces and its metrics."""

from __future__ import annotations
