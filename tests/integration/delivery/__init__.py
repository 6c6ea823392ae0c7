"""Delivery against a real MLflow."""

from __future__ import annotations
