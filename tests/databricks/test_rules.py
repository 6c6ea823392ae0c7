"""What is decided without a workspace."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from otel_mlflow.backends import calls
from otel_mlflow.backends.calls import call_with_timeout
from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.backends.response import Response
from otel_mlflow.delivery.destinations.databricks_place import Place, Refusals
from otel_mlflow.delivery.destinations.databricks_rate import Rate, rate_file
from otel_mlflow.delivery.destinations.databricks_structure import DEEPEST, structured_request
from otel_mlflow.delivery.destinations.otlp import spans_in
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.errors import MisconfigurationError, PartiallyRejectedError, RetryableError
from tests.delivering import spans_of
from tests.unit.delivery.backend import ManualClock

TRACE = SpooledTrace(1, "tr-1", b"", b"{}", None)


def said(status: int, error_code: str, message: str) -> Response:
    """An answer of Databricks' kind."""
    return Response(status, {}, json.dumps({"error_code": error_code, "message": message}).encode())


def refusals() -> Refusals:
    """Those of a batch for some experiment."""
    return Refusals(Place(FoundExperiment("1", "/Shared/agent", is_deleted=False)), "Databricks")


@pytest.mark.parametrize(
    "response",
    [
        said(400, "RESOURCE_LIMIT_EXCEEDED", "no"),
        said(400, "INVALID_PARAMETER_VALUE", "The experiment has reached the maximum of 100,000 traces."),
        said(403, "PERMISSION_DENIED", "Too many traces in experiment 1."),
    ],
)
def test_a_full_experiment_is_known_by_what_is_said(response: Response) -> None:
    """The traces wait for somebody to choose another place."""
    with pytest.raises(MisconfigurationError, match="takes no more traces"):
        refusals().takes(response, TRACE)


def test_a_rate_limit_is_no_full_experiment() -> None:
    """It passes by itself."""
    with pytest.raises(RetryableError):
        refusals().takes(said(429, "RESOURCE_EXHAUSTED", "Exceeded the limit of 200 traces a second."), TRACE)


def test_a_trace_that_is_too_long_is_no_full_experiment() -> None:
    """It is refused alone."""
    batch = refusals()
    assert not batch.takes(said(400, "INVALID_PARAMETER_VALUE", "Trace tag exceeds the maximum length."), TRACE)
    with pytest.raises(PartiallyRejectedError, match="maximum length"):
        batch.check([TRACE])


def test_what_is_there_already_is_taken() -> None:
    """Delivering twice changes nothing."""
    assert refusals().takes(said(400, "ALREADY_EXISTS", "trace tr-1"), TRACE)


def test_a_call_in_time_answers() -> None:
    """With what it returns."""
    assert call_with_timeout(lambda: 7, 30) == 7


def test_a_call_in_time_raises() -> None:
    """What it raises, on the thread that waits for it."""
    with pytest.raises(ZeroDivisionError):
        call_with_timeout(lambda: 1 / 0, 30)


def test_calls_that_never_return_are_left_and_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few of them no other is made."""
    monkeypatch.setattr(calls, "_abandoned", [])
    over, called = threading.Event(), list[int]()

    def hang() -> None:
        called.append(1)
        over.wait()

    for _ in range(calls.MANY_ABANDONED + 3):
        with pytest.raises(TimeoutError):
            call_with_timeout(hang, 0.01)
    over.set()
    assert len(called) == calls.MANY_ABANDONED


def test_creations_are_spread_over_time() -> None:
    """However many threads would like to: not more in a second than the rate says."""
    clock = ManualClock()
    rate = Rate(50.0, clock)
    began = clock.monotonic()
    for _ in range(101):
        rate.wait()
    assert clock.monotonic() - began == pytest.approx(2.0)


def test_processes_of_a_host_share_the_rate(tmp_path: Path) -> None:
    """Two that take turns create no more in a second than one would; for another workspace they do not wait."""
    clock = ManualClock()
    first, second = (Rate(50.0, clock, rate_file(tmp_path, "one.example")) for _ in range(2))
    began = clock.monotonic()
    for _ in range(50):
        first.wait()
        second.wait()
    assert clock.monotonic() - began == pytest.approx(99 / 50)
    began = clock.monotonic()
    Rate(50.0, clock, rate_file(tmp_path, "another.example")).wait()
    assert clock.monotonic() == began


@pytest.mark.parametrize("before", [b"", b"nonsense", b"99999999.0"])
def test_a_turn_of_another_clock_is_passed_over(tmp_path: Path, before: bytes) -> None:
    """A file from before the machine was started holds nobody up."""
    clock = ManualClock()
    file = rate_file(tmp_path, "one.example")
    file.write_bytes(before)
    began = clock.monotonic()
    Rate(50.0, clock, file).wait()
    assert clock.monotonic() == began


def test_without_a_folder_a_process_keeps_to_the_rate_alone(tmp_path: Path) -> None:
    """The rate is no reason to fail."""
    (tmp_path / "file").touch()
    clock = ManualClock()
    rate = Rate(50.0, clock, rate_file(tmp_path / "file", "one.example"))
    began = clock.monotonic()
    for _ in range(51):
        rate.wait()
    assert clock.monotonic() - began == pytest.approx(1.0)


def test_json_of_any_depth_can_be_read_again() -> None:
    """What is too deep for protobuf stays text, at the level where it begins to be."""
    deep = "[" * 200 + "]" * 200
    [sent] = spans_in([structured_request(spans_of(b"t" * 16, spans=1, attributes={"deep": deep}))])
    [attribute] = sent.attributes
    value, levels = attribute.value, 0
    while value.HasField("array_value"):
        [value] = value.array_value.values
        levels += 1
    assert (levels, value.string_value) == (DEEPEST, "[" * (200 - DEEPEST) + "]" * (200 - DEEPEST))


def test_text_that_only_looks_like_json_stays_text() -> None:
    """So do numbers: they were texts for a reason."""
    said = {"a": "[not json", "b": "12", "c": '"quoted"'}
    [sent] = spans_in([structured_request(spans_of(b"t" * 16, spans=1, attributes=said))])
    assert [each.value.string_value for each in sent.attributes] == ["[not json", "12", "quoted"]
