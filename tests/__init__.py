"""Unit, integration and acceptance tests; a package, so that they can share servers and helpers by name."""

from __future__ import annotations
