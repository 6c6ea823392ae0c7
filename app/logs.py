"""Logging as config/logging.yaml says; plain uvicorn shows nothing but its own."""

from __future__ import annotations

import logging.config
from pathlib import Path

import yaml

import otel_mlflow


class WithTraceId(logging.Filter):
    """Gives records the id of the trace in which they were written, so that a log line leads to it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything through."""
        trace_id = getattr(record, "trace_id", otel_mlflow.current_trace().id)
        record.in_trace = f" [{trace_id}]" if trace_id else ""
        return True


def configure_logging(file: Path) -> None:
    """Set it up. Raises `ValueError` for a file that says what cannot be."""
    logging.config.dictConfig(yaml.safe_load(file.read_text(encoding="utf-8")))
