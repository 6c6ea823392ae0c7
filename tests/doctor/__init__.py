"""The doctor: each of its checks, and the command."""

from __future__ import annotations
