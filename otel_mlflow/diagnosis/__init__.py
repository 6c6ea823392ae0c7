"""How tracing is doing, for people and programs."""

from __future__ import annotations
