"""Real servers on 127.0.0.1 for the tests, each stopped by its own process group."""

from __future__ import annotations
