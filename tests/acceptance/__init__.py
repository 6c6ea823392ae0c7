"""What is promised, seen from outside: real uvicorn, real MLflow server, real sockets."""

from __future__ import annotations
