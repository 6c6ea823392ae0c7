"""The HTTP side of the slide agent: routes, shapes and errors."""

from __future__ import annotations
