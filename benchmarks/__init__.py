"""Measurements, the alternatives beside ours in one run."""

from __future__ import annotations
