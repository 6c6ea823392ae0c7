"""From the ASGI server to the span of one request."""

from __future__ import annotations
