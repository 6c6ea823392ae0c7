"""What OTLP says of a failure in protobuf is read: the words, and how long to wait."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as some

from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.backends.rpc_status import RpcStatus, read_rpc_status
from otel_mlflow.errors import RetryableError

PROTOBUF = {"Content-Type": "application/x-protobuf"}


def status(words: str, seconds: float | None = None) -> bytes:
    """A status, as the Collector's receiver writes it."""
    made = Status(code=14, message=words)
    made.details.add().Pack(BadRequest(field_violations=[BadRequest.FieldViolation(field="f", description="d")]))
    if seconds is not None:
        whole = int(seconds)
        delay = Duration(seconds=whole, nanos=round((seconds - whole) * 1e9))
        made.details.add().Pack(RetryInfo(retry_delay=delay))
    return bytes(made.SerializeToString())


@pytest.mark.parametrize("seconds", [None, 0.0, 0.25, 3.0, 90.5])
def test_words_and_delay_are_read(seconds: float | None) -> None:
    """Among other details, with and without a RetryInfo."""
    assert read_rpc_status(status("sending queue is full", seconds)) == RpcStatus("sending queue is full", seconds)


@given(some.binary(max_size=200))
def test_anything_else_is_no_status(body: bytes) -> None:
    """Whatever the bytes are, nothing is raised."""
    assert isinstance(read_rpc_status(body), RpcStatus)


@pytest.mark.parametrize("code", [429, 503])
def test_a_refusal_is_understood(code: int) -> None:
    """Its words are shown to people, and its delay is kept to; a Retry-After of the response's own wins."""
    error = error_for(Response(code, PROTOBUF, status("data refused due to high memory usage", 2.5)), "the collector")
    assert isinstance(error, RetryableError)
    assert "high memory usage" in error.reason
    assert error.retry_after == 2.5
    said = error_for(Response(code, {**PROTOBUF, "Retry-After": "7"}, status("busy", 2.5)), "the collector")
    assert isinstance(said, RetryableError)
    assert said.retry_after == 7.0
