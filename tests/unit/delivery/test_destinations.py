"""The parts that destinations are made of, and which destination the settings mean."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow import Settings
from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.backends.experiments import Experiments, FoundExperiment
from otel_mlflow.delivery.destinations import destination_for, destination_key, resolve_defaults, settings_for
from otel_mlflow.delivery.destinations.base import partially_rejected
from otel_mlflow.delivery.destinations.collector import Collector
from otel_mlflow.delivery.destinations.mlflow_server import MlflowServer
from otel_mlflow.delivery.destinations.trace_info import latest_info, trace_info
from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import ExperimentUnusableError, MisconfigurationError, RejectedError
from tests.delivering import info_of, trace
from tests.servers.scripted import OTLP, REFUSED, ScriptedMlflow


def spooled(number: int, **changes: Any) -> SpooledTrace:
    """A trace as it comes out of the spool."""
    record = trace()
    found = SpooledTrace(number, record.trace_id, record.spans, record.info, None)
    return dataclasses.replace(found, **changes)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (Settings(tracking_uri="http://m:5000"), MlflowServer),
        (Settings(tracking_uri="https://m"), MlflowServer),
        (Settings(tracking_uri="sqlite:///mlflow.db"), TrackingStore),
        (Settings(tracing={"backend": "otlp"}, otlp={"endpoint": "http://c:4318/v1/traces"}), Collector),
    ],
)
def test_the_settings_say_which(settings: Settings, kind: type) -> None:
    """By the address, unless a collector is asked for."""
    assert type(destination_for(settings)) is kind


@pytest.mark.parametrize(
    "changes",
    [
        {"experiment_name": "mine"},
        {"experiment_name": 'with "quotes" and experiment in it'},
        {"experiment_id": "17"},
        {"service_name": "shop"},
        {"tracking_uri": "https://elsewhere/mlflow"},
    ],
)
def test_a_key_leads_back_to_what_it_was_made_of(changes: dict[str, str]) -> None:
    """`spool retry --destination` delivers to the very destination that the key names."""
    key = destination_key(Settings(**{"tracking_uri": "http://m:5000", **changes}))
    other = Settings(tracking_uri="http://m:5000", experiment_name="another")
    assert destination_key(settings_for(key, other)) == key


def test_a_key_holds_no_password() -> None:
    """It stands in the spool and on people's screens; the credentials come from the settings again."""
    settings = Settings(tracking_uri="http://ada:secret@m:5000", experiment_name="mine")
    key = destination_key(settings)
    assert "secret" not in key
    other = settings.model_copy(update={"experiment_name": "another"})
    assert settings_for(key, other).tracking_uri == "http://ada:secret@m:5000"


def test_where_traces_go_is_settled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """User code that sets MLflow's address later does not move our traces."""
    monkeypatch.setattr("mlflow.tracking._tracking_service.utils._tracking_uri", None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://first:5000")
    settings = resolve_defaults(Settings().model_copy(update={"tracking_uri": None}))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://second:5000")
    assert settings.tracking_uri == "http://first:5000"


def test_info_is_what_mlflow_asks_for() -> None:
    """Times, state, previews, tags; the client's id cut to its column; the run among the metadata."""
    info = info_of(client_request_id="x" * 80, request_time_ms=1_700_000_000_123, execution_duration_ms=1500)
    sent = trace_info(spooled(1, info=info), "7", "run-1")["trace"]["trace_info"]
    assert sent["trace_location"]["mlflow_experiment"] == {"experiment_id": "7"}
    assert sent["request_time"].startswith("2023-11-14T22:13:20.123")
    assert sent["execution_duration"] == "1.500s"
    assert sent["client_request_id"] == "x" * 50
    assert sent["trace_metadata"] == {"colour": "blue", "mlflow.sourceRun": "run-1"}


def test_of_several_infos_of_a_trace_the_last_is_sent() -> None:
    """What was said last is what counts, however many requests are under way at once."""
    first = spooled(1)
    last = dataclasses.replace(first, id=2, info=info_of(state="ERROR"))
    silent = dataclasses.replace(first, id=3, info=b"")
    assert latest_info([first, spooled(4), last, silent])[0] is last


def test_a_refusal_is_of_all_records_that_said_it() -> None:
    """All records of the trace that hold info are refused, and nothing else of the batch."""
    first, other = spooled(1), spooled(4)
    last, silent = dataclasses.replace(first, id=2), dataclasses.replace(first, id=3, info=b"")
    error = partially_rejected([first, last, silent, other], {first.trace_id: "no"})
    assert error.reasons == {1: "no", 2: "no"}


@dataclasses.dataclass
class Directory:
    """Experiments in memory."""

    found: dict[str, FoundExperiment] = dataclasses.field(default_factory=dict)
    asked: int = 0
    creates: bool = True

    def by_name(self, name: str) -> FoundExperiment | None:
        """Look it up."""
        self.asked += 1
        return self.found.get(name)

    def by_id(self, experiment_id: str) -> FoundExperiment | None:
        """Look it up."""
        return next((each for each in self.found.values() if each.id == experiment_id), None)

    def create(self, name: str) -> None:
        """Create it, unless its creation is lost."""
        if self.creates:
            self.found[name] = FoundExperiment(str(len(self.found) + 1), name, is_deleted=False)


def test_a_missing_experiment_is_created_and_looked_up_once() -> None:
    """Two requests for the same user's experiment cost one look."""
    directory = Directory()
    experiments = Experiments(directory)
    assert experiments.id_of("ada") == experiments.id_of("ada") == "1"
    assert directory.asked == 2, "once before it was made, once after"
    experiments.forget("ada")
    assert experiments.id_of("ada") == "1"
    assert directory.asked == 3


def test_a_deleted_experiment_waits_for_a_person() -> None:
    """One request's own concerns its traces alone; the configured one concerns all."""
    experiments = Experiments(Directory({"gone": FoundExperiment("1", "gone", is_deleted=True)}))
    with pytest.raises(ExperimentUnusableError, match="'gone'"):
        experiments.id_of("gone")
    for choice in ({"experiment_id": "1", "name": ""}, {"experiment_id": None, "name": "gone"}):
        with pytest.raises(MisconfigurationError, match="deleted") as caught:
            experiments.configured(**choice)
        assert not isinstance(caught.value, ExperimentUnusableError)


def test_an_experiment_that_cannot_be_had_is_named() -> None:
    """An id that is unknown, and a creation of which nothing is seen."""
    with pytest.raises(MisconfigurationError, match="no experiment with id 9"):
        Experiments(Directory()).configured(experiment_id="9", name="")
    with pytest.raises(MisconfigurationError, match="cannot be found"):
        Experiments(Directory(creates=False)).configured(experiment_id=None, name="x")


def test_a_crew_does_all_of_it() -> None:
    """Each item once, whoever takes it."""
    done: list[int] = []
    map_parallel(range(100), done.append, threads=4)
    assert sorted(done) == list(range(100))


def test_a_crew_stops_at_the_first_error() -> None:
    """It is raised where the work was ordered, and the rest is left."""
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise MisconfigurationError("who are you?")
        done.append(item)

    with pytest.raises(MisconfigurationError):
        map_parallel(range(100), work, threads=1)
    assert done == [0, 1, 2]


def test_a_crew_leaves_no_thread_behind() -> None:
    """Its threads end with its work."""
    before = threading.active_count()
    map_parallel(range(20), lambda item: None, threads=4)
    assert threading.active_count() == before


@pytest.fixture
def collector(scripted_collector: ScriptedMlflow) -> Iterator[Collector]:
    """A collector that is reached with a header."""
    found = Collector(scripted_collector.url + OTLP, {"Authorization": "Bearer right"})
    found.open()
    yield found
    found.close()


@pytest.fixture
def scripted_collector() -> Iterator[ScriptedMlflow]:
    """A server that takes OTLP from those who say the word."""
    with ScriptedMlflow() as server:
        server.authorization = "Bearer right"
        yield server


def test_a_collector_gets_the_spans(collector: Collector, scripted_collector: ScriptedMlflow) -> None:
    """All of a batch in one request, and nothing of what OTLP has no place for."""
    batch = [spooled(1), spooled(2)]
    collector.send(batch)
    assert scripted_collector.traces == {each.trace_id for each in batch}
    assert scripted_collector.batches == [2]
    assert not scripted_collector.infos


def test_a_collector_that_refuses_is_heard(collector: Collector, scripted_collector: ScriptedMlflow) -> None:
    """A request refused for its content, credentials that are none; feedback it never takes."""
    record = trace(name=REFUSED)
    with pytest.raises(RejectedError, match="not welcome"):
        collector.send([SpooledTrace(1, record.trace_id, record.spans, b"", None)])
    with pytest.raises(RejectedError, match="no feedback"):
        collector.log_assessment(SpooledFeedback(1, record.trace_id, json.dumps({}).encode(), 0))
    scripted_collector.authorization = "Bearer another"
    with pytest.raises(MisconfigurationError, match="401"):
        collector.send([spooled(1)])


def test_a_store_that_cannot_be_opened_waits_for_a_person(tmp_path: Path) -> None:
    """The message names the store and what to correct."""
    (tmp_path / "file").touch()
    store = TrackingStore(f"sqlite:///{tmp_path}/file/mlflow.db", experiment_name="x", experiment_id=None)
    with pytest.raises(MisconfigurationError, match=r"file/mlflow\.db") as caught:
        store.open()
    assert caught.value.fix == "correct tracking_uri"
