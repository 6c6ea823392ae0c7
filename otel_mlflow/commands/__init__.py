"""The commands of `otel-mlflow`, a module each."""

from __future__ import annotations
