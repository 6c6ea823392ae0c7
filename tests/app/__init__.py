"""The slide agent: its data, its model, its routes."""

from __future__ import annotations
