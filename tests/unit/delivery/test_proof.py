"""What proves that something was taken, and what only looks like it."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_mlflow.backends.proof import SpansRejectedError, check_spans_taken, json_from, proves_file_taken, text_from
from otel_mlflow.backends.response import Response
from otel_mlflow.delivery.destinations.otlp import attributed_to
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.errors import (
    CredentialsRejectedError,
    DeliveryError,
    MisconfigurationError,
    PartiallyRejectedError,
    RejectedError,
    RetryableError,
    UnexpectedResponseError,
)
from tests.delivering import trace

BACKEND = "MLflow at http://m:5000 (without credentials)"
ADDRESS = "http://m:5000"
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
LOGIN = b"<html><head><title>Sign in</title></head><body><form action=/login></form></body></html>"


def response(body: bytes, content_type: str | None, status: int = 200) -> Response:
    """What came back from the backend's address."""
    return Response(status, {"Content-Type": content_type} if content_type else {}, body, ADDRESS)


def partial(rejected: int, message: str = "full") -> bytes:
    """OTLP's partial success."""
    found = ExportTraceServiceResponse()
    found.partial_success.rejected_spans = rejected
    found.partial_success.error_message = message
    return found.SerializeToString()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", PROTOBUF),
        (partial(0, "slow down"), PROTOBUF),
        (b"{}", JSON),
        (b'{"partialSuccess": null}', f"{JSON}; charset=utf-8"),
        (b'{"partialSuccess": {}}', JSON),
    ],
)
def test_these_prove_that_spans_were_taken(body: bytes, content_type: str) -> None:
    """MLflow's server of all versions, and OpenTelemetry's collector."""
    check_spans_taken(response(body, content_type), BACKEND)


@pytest.mark.parametrize(
    ("body", "content_type", "seen"),
    [
        (LOGIN, "text/html", "a login page of http://m:5000 answered in MLflow's place"),
        (LOGIN, PROTOBUF, "a login page of"),
        (b"<!DOCTYPE html><p>Welcome</p>", "text/html", "an HTML page of"),
        (b"", None, "an empty response of"),
        (b"", "text/plain", "an empty response of"),
        (b"OK", "text/plain", "a response of another kind of"),
        (b"garbage \xff", PROTOBUF, "a response that is no OTLP of"),
        (b"\x12\x02ab", PROTOBUF, "a response that is no OTLP of"),
        (b"{}", "text/plain", "JSON of another kind of"),
        (b"[]", JSON, "a response that is no JSON of"),
        (b"200 OK", None, "a response of another kind of"),
        (b'{"authenticated": false}', JSON, "JSON of another kind of"),
        (b'{"error": "unauthorized"}', JSON, "JSON of another kind of"),
        (b'{"partialSuccess": []}', JSON, "JSON of another kind of"),
        (b'{"partialSuccess": {"rejectedSpans": "many"}}', JSON, "JSON of another kind of"),
        (b'{"partialSuccess": {"rejectedSpans": -1}}', JSON, "JSON of another kind of"),
        (b'{"partialSuccess": {"rejectedSpans": 1.5}}', JSON, "JSON of another kind of"),
        (b"null", JSON, "a response that is no JSON of"),
    ],
)
def test_these_prove_nothing(body: bytes, content_type: str | None, seen: str) -> None:
    """The message names what answered, where, and in whose place."""
    with pytest.raises(UnexpectedResponseError, match=seen) as caught:
        check_spans_taken(response(body, content_type), BACKEND)
    assert "in MLflow's place" in caught.value.reason


def test_the_title_of_a_page_is_named() -> None:
    """It tells which login it is."""
    with pytest.raises(UnexpectedResponseError, match="titled 'Sign in'"):
        json_from(response(LOGIN, "text/html"), BACKEND)


@pytest.mark.parametrize("status", [201, 202, 203, 204, 206])
def test_another_success_is_none_of_mlflows(status: int) -> None:
    """Its server answers 200: what says that something was accepted, or is a part, was sent by something else."""
    for check in (json_from, check_spans_taken):
        with pytest.raises(UnexpectedResponseError, match="in MLflow's place"):
            check(response(b"{}", JSON, status), BACKEND)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "unauthorized"}',
        b'{"errors": ["no"]}',
        b'{"detail": "Not authenticated"}',
        b'{"message": "Forbidden"}',
        b'{"code": 16}',
        b'{"authenticated": false}',
    ],
)
def test_json_of_another_kind_is_no_trace(body: bytes) -> None:
    """Gateways and frameworks speak JSON as well; an empty object, and one with the trace, are MLflow's."""
    with pytest.raises(UnexpectedResponseError, match="JSON of another kind"):
        json_from(response(body, JSON), BACKEND, fields=["trace"])
    for taken in (b"{}", b'{"trace": {"trace_info": {}}}'):
        json_from(response(taken, JSON), BACKEND, fields=["trace"])


@pytest.mark.parametrize("body", [b"{}", b'{"run": []}', b'{"run": {"info": {}}}', b'{"run": {"info": {"run_id": 5}}}'])
def test_what_was_asked_for_must_be_there(body: bytes) -> None:
    """An id that is missing, or is no text, is a response of something else and no fault of ours."""
    with pytest.raises(UnexpectedResponseError):
        text_from(response(body, JSON), BACKEND, "run", "info", "run_id")


@pytest.mark.parametrize("body", [b"", b"200 OK"])
def test_a_gateway_may_send_nothing_at_all(body: bytes) -> None:
    """Databricks' and some collectors', and they alone."""
    check_spans_taken(response(body, None), BACKEND, may_be_bare=True)
    with pytest.raises(UnexpectedResponseError):
        check_spans_taken(response(LOGIN, None), BACKEND, may_be_bare=True)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (partial(3), PROTOBUF),
        (b'{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "full"}}', JSON),
        (b'{"partialSuccess": {"rejectedSpans": 3, "errorMessage": "full"}}', JSON),
    ],
)
def test_rejected_spans_are_counted(body: bytes, content_type: str) -> None:
    """In both of OTLP's encodings, with the backend's reason."""
    with pytest.raises(SpansRejectedError, match="rejected 3 spans: full") as caught:
        check_spans_taken(response(body, content_type), BACKEND)
    assert caught.value.rejected == 3


def test_a_warning_about_spans_that_were_taken_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """OTLP's partial success without a rejected span."""
    for _ in range(2):
        check_spans_taken(response(partial(0, "attributes were renamed"), PROTOBUF), BACKEND)
    assert [record.getMessage() for record in caplog.records] == [
        f"{BACKEND} has taken the spans and warns: attributes were renamed"
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("INTERNAL_ERROR", RetryableError),
        ("TEMPORARILY_UNAVAILABLE", RetryableError),
        ("REQUEST_LIMIT_EXCEEDED", RetryableError),
        ("UNAUTHENTICATED", CredentialsRejectedError),
        ("PERMISSION_DENIED", MisconfigurationError),
        ("INVALID_PARAMETER_VALUE", RejectedError),
        ("NOBODY_KNOWS", RetryableError),
    ],
)
def test_an_error_in_a_200_is_that_error(code: str, kind: type[DeliveryError]) -> None:
    """What can be done about it follows from MLflow's error code."""
    found = response(f'{{"error_code": "{code}", "message": "the reason"}}'.encode(), JSON)
    for check in (json_from, check_spans_taken):
        with pytest.raises(kind, match="the reason"):
            check(found, BACKEND)


def test_json_is_an_object_by_its_content_type() -> None:
    """A list, a text or a page is none."""
    assert json_from(response(b'{"experiment": {}}', JSON), BACKEND) == {"experiment": {}}
    for body, content_type in (
        (b"[]", JSON),
        (b'"text"', JSON),
        (b"", JSON),
        (b"{}", "text/html"),
        (LOGIN, "text/html"),
    ):
        with pytest.raises(UnexpectedResponseError):
            json_from(response(body, content_type), BACKEND)


def test_a_redirect_names_where_to_and_no_secret() -> None:
    """Single sign-on puts its state into the query."""
    found = Response(302, {"Location": "https://sso.example/authorize?state=hidden"}, b"", ADDRESS)
    with pytest.raises(MisconfigurationError, match=r"redirects to https://sso\.example") as caught:
        json_from(found, BACKEND)
    assert "hidden" not in str(caught.value)


def test_artifact_storage_proves_with_an_empty_body() -> None:
    """S3, Azure and Google answer an upload with nothing but headers."""
    assert proves_file_taken(response(b"", None, 201))
    assert not proves_file_taken(response(LOGIN, "text/html"))
    assert not proves_file_taken(response(b"", None, 404))


def test_spans_rejected_altogether_are_those_of_each_record() -> None:
    """Where only some are, smaller batches show whose."""
    batch = [SpooledTrace(number, f"tr-{number}", trace(spans=2).spans, b"", None) for number in (1, 2)]
    with pytest.raises(PartiallyRejectedError) as caught, attributed_to(batch):
        raise SpansRejectedError("full", 4)
    assert set(caught.value.reasons) == {1, 2}
    with pytest.raises(SpansRejectedError), attributed_to(batch):
        raise SpansRejectedError("full", 3)
