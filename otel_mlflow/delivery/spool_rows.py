"""Records as rows of the spool file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from otel_mlflow.delivery import statements
from otel_mlflow.delivery.records import Stage

if TYPE_CHECKING:
    from otel_mlflow.delivery.records import TraceRecord

Row = tuple[str, bool, str, str | None, int, bytes, bytes]
"""Stage, whether it is counted, trace id, experiment, checksum, info, spans."""


def in_statements(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows, as many at a time as one statement takes; one at least."""
    some: list[Row] = []
    size = 0
    for row in rows:
        size += len(row[-1])
        if some and (len(some) == statements.ROWS_AT_ONCE or size > statements.BYTES_AT_ONCE):
            yield some
            some, size = [], len(row[-1])
        some.append(row)
    if some:
        yield some


def trace_row(trace: TraceRecord) -> Row:
    """A trace's; one without spans waits for the metadata stage."""
    stage = Stage.WHOLE if trace.spans else Stage.METADATA
    return _row(stage, trace.counted, trace.trace_id, trace.experiment, trace.info, trace.spans)


def feedback_row(trace_id: str, payload: bytes) -> Row:
    """A row of feedback about a trace."""
    return _row(Stage.FEEDBACK, False, trace_id, None, payload, b"")


def _row(stage: Stage, counted: bool, trace_id: str, experiment: str | None, info: bytes, spans: bytes) -> Row:
    names = (_text(trace_id), _text(experiment) if experiment is not None else None)
    return (stage.value, counted, *names, checksum(info, spans), info, spans)


def checksum(info: bytes, spans: bytes) -> int:
    """What a record's content must add up to when it is read again."""
    return zlib.crc32(spans, zlib.crc32(info))


def _text(value: str) -> str:
    """SQLite's text is UTF-8, which has no lone surrogates; Python's may."""
    return value.encode("utf-8", "replace").decode()
