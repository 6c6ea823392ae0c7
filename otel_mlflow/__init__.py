"""One request to a FastAPI or ASGI app becomes one exact MLflow trace, delivered durably."""

from __future__ import annotations
