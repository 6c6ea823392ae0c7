"""Delivery, part by part."""

from __future__ import annotations
