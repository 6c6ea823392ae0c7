"""Facts of one HTTP exchange; knows no tracing."""

from __future__ import annotations
