"""What proves that a backend has done what it was asked for. A status of 200 alone proves nothing.

| asked for | the proof |
| --- | --- |
| anything of MLflow's REST API | 200, JSON by its content type, an object that speaks of no error |
| a trace's info | the same, and no other trace's info |
| spans over OTLP | 200, an `ExportTraceServiceResponse` (protobuf or JSON, by its content type) that rejects none |
| a file in artifact storage | 2xx and an empty body |

Whatever else comes with a status of success was sent by something that stands in the backend's place.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Collection
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_mlflow.backends.response import MOST_SHOWN, PROTOBUF, Response, error_for
from otel_mlflow.errors import RejectedError, UnexpectedResponseError

logger = logging.getLogger("otel_mlflow")

JSON = "application/json"
PARTIAL_SUCCESS = "partialSuccess"

ERRORS = frozenset({"error", "errors", "detail", "message", "code"})
"""Fields in which gateways and frameworks say that something went wrong. No success that we ask for has any of them."""

PLAIN_OK = b"200 OK"
"""What Databricks' gateway sends where a service has nothing to send (`mlflow.utils.rest_utils`)."""


class SpansRejectedError(RejectedError):
    """OTLP's partial success: `rejected` spans of the request were not taken."""

    def __init__(self, reason: str, rejected: int) -> None:
        super().__init__(reason)
        self.rejected = rejected


def json_from(response: Response, backend: str, *, fields: Collection[str] = ()) -> dict[str, Any]:
    """The JSON object in a response of MLflow's REST API. Raises a `DeliveryError` where it is no success.

    `fields` are those of which the object has one if it is not empty; others answer with JSON, too.
    """
    if response.status >= 300 or response.error_code:
        raise error_for(response, backend)
    found = response.json_object
    if response.status != 200 or found is None or not _is_json(response) or not _is_of_kind(found, fields):
        raise unexpected(response, backend)
    return found


def check_info_taken(response: Response, backend: str, trace_id: str) -> None:
    """Raise a `DeliveryError` where a trace's info was not taken, or the answer is about another trace: a cache's."""
    found = json_from(response, backend, fields=["trace"])
    if _at(found, "trace", "trace_info", "trace_id") not in (None, trace_id):
        raise unexpected(response, backend)


def text_from(response: Response, backend: str, *path: str) -> str:
    """The text at a path of keys in the JSON of a response. Raises a `DeliveryError` where there is none."""
    found = _at(json_from(response, backend), *path)
    if not isinstance(found, str) or not found:
        raise unexpected(response, backend)
    return found


def check_spans_taken(response: Response, backend: str, *, may_be_bare: bool = False) -> None:
    """Raise a `DeliveryError` where spans were not taken, `SpansRejectedError` where only some were.

    With `may_be_bare`, success may also be without a body and a content type, as some collectors have it.
    """
    if response.status >= 300 or response.error_code:
        raise error_for(response, backend)
    if response.status != 200 and not may_be_bare:
        raise unexpected(response, backend)
    rejected, message = _rejected_spans(response, backend, may_be_bare)
    if rejected:
        raise SpansRejectedError(f"{backend} rejected {rejected} spans: {message or 'no reason given'}", rejected)
    if message:
        _pass_on_warning(backend, message[:MOST_SHOWN])


@functools.lru_cache(maxsize=64)
def _pass_on_warning(backend: str, message: str) -> None:
    """Log once what a backend that has taken all spans says of them (OTLP 1.0, "Partial Success")."""
    logger.warning("%s has taken the spans and warns: %s", backend, message)


def proves_file_taken(response: Response) -> bool:
    """Whether artifact storage has taken a file."""
    return response.status < 300 and not response.body


def unexpected(response: Response, backend: str) -> UnexpectedResponseError:
    """The error that names what answered in the backend's place."""
    service = backend.partition(" at ")[0]
    content = response.media_type or "no content type"
    return UnexpectedResponseError(
        f"{describe(response)} of {response.address or backend} answered in {service}'s place "
        f"({response.status}, {content}{response.title})",
        "check the address, and what stands in front of it: a proxy that asks for a login must get credentials, or let "
        "this application through",
    )


def _at(found: Any, *path: str) -> Any:
    """What stands at a path of keys; None where nothing does."""
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _rejected_spans(response: Response, backend: str, may_be_bare: bool) -> tuple[int, str]:
    if _is_json(response) and response.json_object is not None:
        return _rejected_in_json(response.json_object, response, backend)
    if may_be_bare and not response.media_type and response.body in (b"", PLAIN_OK):
        return 0, ""
    if response.media_type not in PROTOBUF:
        raise unexpected(response, backend)
    partial_success = _parsed(response, backend).partial_success
    if partial_success.rejected_spans < 0:
        raise unexpected(response, backend)
    return partial_success.rejected_spans, partial_success.error_message


def _is_of_kind(found: dict[str, Any], fields: Collection[str]) -> bool:
    return not found.keys() & ERRORS and (not found or not fields or any(field in found for field in fields))


def _rejected_in_json(found: dict[str, Any], response: Response, backend: str) -> tuple[int, str]:
    partial = {} if found.get(PARTIAL_SUCCESS) is None else found[PARTIAL_SUCCESS]
    rejected = partial.get("rejectedSpans") or 0 if isinstance(partial, dict) else None
    # Protobuf's JSON writes an int64 as text (protobuf.dev/programming-guides/json).
    if not _is_of_kind(found, [PARTIAL_SUCCESS]) or not re.fullmatch("[0-9]+", str(rejected)):
        raise unexpected(response, backend)
    return int(str(rejected)), str(partial.get("errorMessage") or "")


def _parsed(response: Response, backend: str) -> ExportTraceServiceResponse:
    """The protobuf message. Bytes that only happen to be protobuf have fields that this message does not know."""
    try:
        message = ExportTraceServiceResponse.FromString(response.body)
    except DecodeError as error:
        raise unexpected(response, backend) from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise unexpected(response, backend)
    return message


def _is_json(response: Response) -> bool:
    return response.media_type == JSON or response.media_type.endswith("+json")


def describe(response: Response) -> str:
    """What something is that is no proof, without any of its own words."""
    if response.is_html:
        return response.page
    if not response.body:
        return "an empty response"
    if response.media_type in PROTOBUF:
        return "a response that is no OTLP"
    if response.json_object is not None:
        return "JSON of another kind"
    return "a response that is no JSON" if _is_json(response) else "a response of another kind"
