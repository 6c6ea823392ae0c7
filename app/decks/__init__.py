"""Decks: one HTML document each, taken apart and changed slide by slide."""

from __future__ import annotations
