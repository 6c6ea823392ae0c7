"""What ends on the request's path reaches the instruments, of however many applications."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow.ops.metrics.recorder import Recorder
from tests.servers.process import until


def begin_anew() -> None:
    """There is no child."""


def threads() -> list[str]:
    """The threads of recorders that run."""
    return [thread.name for thread in threading.enumerate() if thread.name == "otel-mlflow-metrics"]


def test_the_recorders_of_a_process_share_one_thread() -> None:
    """A test suite makes an application for each test, and may keep them all."""
    recorders = [Recorder(lambda _: None, begin_anew) for _ in range(10)]
    assert len(threads()) == 1
    assert recorders


def test_what_ends_is_recorded_by_its_own_recorder() -> None:
    """Each works off what it has taken note of, soon."""
    counted = {"one": 0, "other": 0}

    def recorder(name: str) -> Recorder:
        def count(events: Sequence[object]) -> None:
            counted[name] += len(events)

        return Recorder(count, begin_anew)

    one, other = recorder("one"), recorder("other")
    for each in (one, other, other):
        each.ended(ReadableSpan("step"))
    until(lambda: counted == {"one": 1, "other": 2}, seconds=30, waiting_for=lambda: f"the events: {counted}")
