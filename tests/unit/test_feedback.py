"""`log_feedback()`: what is handed to delivery, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from google.protobuf.json_format import ParseDict
from mlflow.entities import Feedback
from mlflow.protos.service_pb2 import CreateAssessment

import otel_mlflow
from otel_mlflow import Settings, Tracing, log_feedback
from otel_mlflow.content import REDACTED
from otel_mlflow.delivery import Delivery
from otel_mlflow.testing import capture
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

TRACE = f"tr-{7:032x}"
SECRET = "hunter2"


class Failing:
    """Something that cannot be shown, and not be asked anything either."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __bool__ = __len__ = __getitem__ = __eq__ = __str__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


NO_TEXT = "<Failing that cannot be shown: RuntimeError>"
HUGE = "x" * 3_000_000


class Listening(Delivery):
    """A delivery that keeps the feedback it is given."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.taken: list[tuple[str, Any]] = []

    def put_feedback(self, trace_id: str, payload: bytes) -> bool:
        """Keep it."""
        self.taken.append((trace_id, json.loads(payload)))
        return super().put_feedback(trace_id, payload)


@pytest.fixture
def delivery(fresh_process: None, tmp_path: Path) -> Iterator[Listening]:
    """The delivery of this process."""
    delivery = Listening(Settings())
    yield delivery
    delivery.shutdown(0)


def assessed(delivery: Listening) -> Feedback:
    """The one feedback, as an MLflow server reads it."""
    ((_, payload),) = delivery.taken
    found = Feedback.from_proto(ParseDict(payload, CreateAssessment()).assessment)  # type: ignore[no-untyped-call]
    assert isinstance(found, Feedback)
    return found


def test_it_becomes_an_assessment_of_mlflow_s(delivery: Listening) -> None:
    """All that was said, by whom, about which trace."""
    assert log_feedback(TRACE, "helpful", True, rationale="it was", user="ada", metadata={"page": "1"})
    feedback = assessed(delivery)
    assert (feedback.trace_id, feedback.name, feedback.value) == (TRACE, "helpful", True)
    assert (feedback.rationale, feedback.metadata) == ("it was", {"page": "1"})
    assert (feedback.source.source_type, feedback.source.source_id) == ("HUMAN", "ada")


@pytest.mark.parametrize("value", [True, 0.5, 3, "good", ["good", "short"], {"tone": "kind", "score": 1}])
def test_values_are_what_mlflow_takes(delivery: Listening, value: Any) -> None:
    """They arrive as they are."""
    log_feedback(TRACE, "judged", value)
    assert assessed(delivery).value == value


def test_a_test_s_feedback_stays_in_the_test(delivery: Listening, instrument: Instrument) -> None:
    """`capture()` shows it on its trace; nothing waits in the spool for the next process to deliver."""
    app = app_of(lambda: "answered")
    instrument(app)
    with capture() as traces:
        Call(app).run()
        assert log_feedback(traces[0].info.trace_id, "helpful", True, user="ada")
        (assessment,) = traces[0].info.assessments
    assert (assessment.name, assessment.source.source_id) == ("helpful", "ada")
    assert delivery.taken == []


def test_without_a_user_somebody_has_said_it(delivery: Listening) -> None:
    """MLflow wants a source."""
    log_feedback(TRACE, "helpful", False)
    assert assessed(delivery).source.source_id == "anonymous"


def test_each_has_an_id_of_its_own(delivery: Listening) -> None:
    """So that delivering one twice is once, and saying it twice is twice."""
    for _ in range(2):
        log_feedback(TRACE, "helpful", True)
    assert len({payload["assessment"]["assessment_id"] for _, payload in delivery.taken}) == 2


def test_secrets_in_it_are_hidden(delivery: Listening) -> None:
    """People paste what they see."""
    log_feedback(
        TRACE, "helpful", {"api_key": SECRET}, rationale=f"it said password={SECRET}", metadata={"token": SECRET}
    )
    assert SECRET not in str(delivery.taken)
    assert assessed(delivery).value == {"api_key": REDACTED}


@pytest.mark.parametrize(
    ("trace_id", "name", "value", "words"),
    [
        ("7", "helpful", True, "'7' is not a trace's id; expected 'tr-'"),
        (TRACE, "", True, "name is empty"),
        (7, "helpful", True, "'7' is not a trace's id"),
        (Failing(), "helpful", True, "is not a trace's id"),
        (TRACE, None, True, "name is empty"),
    ],
)
def test_mistakes_are_said_at_once(delivery: Listening, trace_id: str, name: str, value: Any, words: str) -> None:
    """And nothing is sent."""
    with pytest.raises(ValueError, match=words):
        log_feedback(trace_id, name, value)
    assert delivery.taken == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (object(), "[object]"),
        (float("nan"), "NaN"),
        (Failing(), "[Failing]"),
        ({"good": 1, "bad": Failing()}, {"good": 1, "bad": "[Failing]"}),
    ],
)
def test_what_json_has_no_place_for_is_named_by_its_type(delivery: Listening, value: Any, shown: Any) -> None:
    """The rest of it arrives, and nothing is raised."""
    assert log_feedback(TRACE, "helpful", value)
    assert assessed(delivery).value == shown


def test_whatever_is_given_beside_the_value_becomes_text(delivery: Listening) -> None:
    """Also what has no text, and what is no mapping."""
    failing: Any = Failing()
    assert log_feedback(
        TRACE, failing, True, rationale=failing, user=failing, metadata={"good": "stays", "bad": failing}
    )
    feedback = assessed(delivery)
    assert {feedback.name, feedback.rationale, feedback.source.source_id} == {NO_TEXT}
    assert feedback.metadata == {"good": "stays", "bad": NO_TEXT}
    assert log_feedback(TRACE, "helpful", True, metadata=failing)


def test_a_huge_value_is_cut(delivery: Listening) -> None:
    """It costs no more than what is kept of it."""
    assert log_feedback(TRACE, "helpful", HUGE, rationale=HUGE)
    assert len(str(delivery.taken)) < len(HUGE) / 5


def test_for_a_request_without_a_trace_it_does_nothing(delivery: Listening) -> None:
    """User code never needs an `if`."""
    assert not log_feedback("", "helpful", True)
    assert delivery.taken == []


def test_where_tracing_is_disabled_it_says_so(fresh_process: None) -> None:
    """Nobody is going to deliver it."""
    tracing = Tracing(Settings(tracing={"enabled": False}))
    assert not log_feedback(TRACE, "helpful", True)
    tracing.shutdown()


def test_mlflow_s_own_feedback_inside_a_request_is_delivered_with_its_secrets_hidden(tracking_store: str) -> None:
    """`mlflow.log_feedback` about the trace that is still open: MLflow keeps it in memory."""

    def handler() -> None:
        trace_id = otel_mlflow.current_trace().id
        mlflow.log_feedback(trace_id=trace_id, name="checked", value=1, rationale=f"password={SECRET}")

    app = app_of(handler)
    settings = Settings()
    delivery = Listening(settings)
    app.add_middleware(otel_mlflow.TracingMiddleware, tracing=(tracing := Tracing(settings, delivery=delivery)))
    Call(app).run()
    tracing.shutdown(0)
    feedback = assessed(delivery)
    assert (feedback.name, feedback.value, feedback.rationale) == ("checked", 1, f"password={REDACTED}")
