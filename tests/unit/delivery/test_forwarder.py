"""The forwarder between a real spool and a backend that answers as it is told."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from otel_mlflow.delivery.forwarder import Forwarder
from otel_mlflow.delivery.health import Condition
from otel_mlflow.delivery.rate_controller import LARGEST_BATCH
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace, Tally, TraceRecord
from otel_mlflow.delivery.retry import LONGEST_WAIT
from otel_mlflow.delivery.scheduler import FEEDBACK_ATTEMPTS, WITH_METADATA
from otel_mlflow.delivery.storage import Storage
from otel_mlflow.errors import (
    DeliveryError,
    ExperimentUnusableError,
    MisconfigurationError,
    PartiallyRejectedError,
    RejectedError,
    RetryableError,
    TraceNotFoundError,
    TracesNotFoundError,
)
from otel_mlflow.status import Counts
from tests.delivering import assert_adds_up, trace
from tests.unit.delivery.backend import ManualClock, MemoryBackend


@dataclass
class Bench:
    """A forwarder that runs on the test's own thread."""

    storage: Storage
    backend: MemoryBackend
    clock: ManualClock
    arrived: list[SpooledTrace] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.forwarder = self.new_forwarder()

    def new_forwarder(self, stepped: Callable[[], None] = lambda: None) -> Forwarder:
        """One that has done nothing yet."""
        return Forwarder(self.storage, lambda: self.backend, self.clock, stepped, self.arrived.extend)

    def spool(self, *traces: TraceRecord) -> list[str]:
        """Put traces into the spool."""
        with self.storage.using() as spool:
            spool.add(traces, [], Tally(requests=len(traces), traced=len(traces)), now=0.0)
        return [each.trace_id for each in traces]

    def spool_feedback(self, trace_id: str) -> None:
        """Put feedback into the spool."""
        payload = json.dumps({"assessment": {"assessment_id": "a-1"}}).encode()
        with self.storage.using() as spool:
            spool.add([], [(trace_id, payload)], Tally(), now=0.0)

    def run(self, waits: int = 1, meanwhile: Callable[[], object] = lambda: None) -> Counts:
        """Let the forwarder work until it has waited so many times; call `meanwhile` at each wait."""
        left = waits

        def stop_in_the_end() -> None:
            nonlocal left
            left -= 1
            meanwhile()
            if left <= 0:
                self.forwarder.stop()

        self.clock.at_wait = stop_in_the_end
        self.forwarder.run()
        counts = self.storage.counts()
        assert_adds_up(counts)
        return counts


@dataclass
class ThoroughBackend(MemoryBackend):
    """A backend of which it takes a while to find out what it needs."""

    clock: ManualClock = field(default_factory=ManualClock)

    def needs_info(self, trace: SpooledTrace) -> bool:
        """After a third of a millisecond."""
        self.clock.now += 0.0003
        return super().needs_info(trace)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A forwarder with an empty spool and a backend that takes everything."""
    clock, backend = ManualClock(), MemoryBackend()
    storage = Storage(tmp_path, destination="here", max_bytes=10**9, clock=clock)
    yield Bench(storage, backend, clock)
    storage.close()


def raise_for(*errors: Exception | None) -> list[Exception | None]:
    """A script of answers, one for each request; after it everything is taken."""
    return list(errors)


def play(script: list[Exception | None]) -> None:
    """Answer the next request as scripted."""
    if script and (error := script.pop(0)) is not None:
        raise error


def test_many_traces_travel_in_one_request(bench: Bench) -> None:
    """What waits is sent as one batch, info and all."""
    ids = bench.spool(*(trace() for _ in range(WITH_METADATA)))
    assert bench.run().delivered == WITH_METADATA
    assert [len(batch) for batch in bench.backend.sent] == [WITH_METADATA]
    assert bench.backend.ids() == set(ids)
    assert all(each.info for each in bench.backend.taken)


def test_under_pressure_spans_go_first(bench: Bench) -> None:
    """Where more than a batch waits, all spans are sent before anything else is said of any trace."""
    bench.spool(*(trace() for _ in range(LARGEST_BATCH + 50)))
    assert bench.run().delivered == LARGEST_BATCH + 50
    has_spans = [bool(batch[0].spans) for batch in bench.backend.sent]
    assert has_spans == sorted(has_spans, reverse=True)
    assert not bench.backend.sent[0][0].info


def test_a_backend_of_one_piece_gets_everything_at_once(bench: Bench) -> None:
    """A destination that cannot take details later never gets spans alone."""
    bench.backend.accepts_metadata_later = False
    bench.spool(*(trace() for _ in range(LARGEST_BATCH + 50)))
    assert bench.run().delivered == LARGEST_BATCH + 50
    assert all(each.spans and each.info for each in bench.backend.taken)


def test_try_again_waits_longer_each_time(bench: Bench) -> None:
    """Failures double the wait up to the cap, and nothing is lost."""
    script = raise_for(*[RetryableError("busy")] * 12)
    bench.backend.react = lambda batch: play(script)
    bench.spool(*(trace() for _ in range(3)))
    counts = bench.run(waits=14)
    assert counts.delivered == 3
    waits = bench.clock.waits[:12]
    assert waits[0] < 0.3
    assert LONGEST_WAIT / 2 <= max(waits) <= LONGEST_WAIT


def test_what_an_application_draws_from_random_does_not_depend_on_us(bench: Bench) -> None:
    """It may have seeded `random` to draw the same again."""
    script = raise_for(RetryableError("down"), RetryableError("down"))
    bench.backend.react = lambda batch: play(script)
    bench.spool(trace())
    before = random.getstate()
    bench.run(waits=3)
    assert not script
    assert random.getstate() == before


def test_retry_after_is_honoured_to_the_second(bench: Bench) -> None:
    """The backend is left alone for as long as it asked, and not hurried by anybody."""
    script = raise_for(RetryableError("slow down", retry_after=42.0))
    bench.backend.react = lambda batch: play(script)
    bench.spool(trace())
    bench.clock.at_wait = lambda: None
    bench.forwarder.hurry()
    assert bench.run(waits=3).delivered == 1
    assert bench.clock.waits[0] == 42.0


@pytest.mark.parametrize(
    ("error", "goes_on_when_hurried"),
    [
        (RetryableError("slow down", retry_after=42.0), False),
        (RetryableError("down"), True),
        (ExperimentUnusableError("experiment 'deleted' is deleted", "restore it"), True),
    ],
    ids=["the backend asks for it", "the backend fails", "an experiment is held up"],
)
def test_whoever_waits_can_tell_that_nothing_is_tried_in_time(
    bench: Bench, error: DeliveryError, goes_on_when_hurried: bool
) -> None:
    """Hurrying a forwarder makes it look again, unless the backend has asked to be left alone."""
    bench.backend.react = lambda batch: play([error])
    bench.spool(trace(experiment="deleted"))
    told: list[bool] = []

    def ask() -> None:
        within_the_rest = bench.clock.now - bench.clock.waits[-1] / 2
        told.append(bench.forwarder.rests_beyond(within_the_rest))
        bench.forwarder.hurry()
        told.append(bench.forwarder.rests_beyond(within_the_rest))

    bench.run(waits=1, meanwhile=ask)
    can_be_hurried_at_once = not isinstance(error, ExperimentUnusableError) and goes_on_when_hurried
    assert told == [not can_be_hurried_at_once, not goes_on_when_hurried]


def test_a_throttled_backend_is_fed_more_slowly(bench: Bench) -> None:
    """After 429 there are pauses between requests, which shrink as they are taken."""
    script = raise_for(RetryableError("slow down", retry_after=1.0))
    bench.backend.react = lambda batch: play(script)
    bench.spool(*(trace(experiment=str(number)) for number in range(20)))
    bench.run(waits=30)
    pauses = bench.clock.waits[1:8]
    assert pauses == sorted(pauses, reverse=True)
    assert pauses[0] > 0


def test_the_rate_follows_what_the_backend_takes(bench: Bench) -> None:
    """A backend that takes five requests a second, and says no to any more, is soon asked little more often."""
    asked: list[bool] = []
    next_free = 0.0

    def throttle(batch: Sequence[SpooledTrace]) -> None:
        nonlocal next_free
        asked.append(bench.clock.now >= next_free)
        if not asked[-1]:
            raise RetryableError("slow down", throttled=True)
        next_free = bench.clock.now + 0.2

    bench.backend.react = throttle
    bench.spool(*(trace(spans=1, experiment=str(number)) for number in range(80)))
    assert bench.run(waits=300).delivered == 80
    assert asked.count(False) < len(asked) / 3


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), sqlite3.OperationalError("database is locked")])
def test_what_a_destinations_libraries_raise_is_no_fault_of_our_disk(bench: Bench, error: Exception) -> None:
    """The spool stays where it is, traces and feedback are tried again."""
    script, about_feedback = raise_for(error), raise_for(error)
    bench.backend.react = lambda batch: play(script)
    bench.backend.react_to_feedback = lambda feedback: play(about_feedback)
    (trace_id,) = bench.spool(trace())
    bench.spool_feedback(trace_id)
    assert bench.run(waits=5).delivered == 1
    assert len(bench.backend.feedback) == 1
    assert not bench.storage.in_memory


def test_what_needs_repair_waits_and_is_picked_up_when_mended(bench: Bench) -> None:
    """Rejected credentials fail the opening; the destination is made anew each time, so corrected ones are read."""
    script = raise_for(MisconfigurationError("who are you?"), MisconfigurationError("who are you?"))
    bench.backend.react_to_opening = lambda: play(script)
    bench.spool(trace())
    assert bench.run(waits=3).delivered == 1
    assert bench.backend.opened == 3


def test_credentials_revoked_while_running_are_read_again(bench: Bench) -> None:
    """A 401 on the way opens the destination anew before the next try."""
    script = raise_for(MisconfigurationError("who are you?"))
    bench.backend.react = lambda batch: play(script)
    bench.spool(trace())
    assert bench.run(waits=2).delivered == 1
    assert bench.backend.opened == 2


def test_a_backend_that_lets_us_in_and_takes_nothing_stays_failed(bench: Bench) -> None:
    """A proxy may let questions through and stop what is handed over: that is told also while it is tried again."""
    states = []

    def stop(batch: Sequence[SpooledTrace]) -> None:
        states.append(bench.forwarder.health.condition(None).state)
        if len(states) < 3:
            raise MisconfigurationError("a login page answered")

    bench.backend.react = stop
    bench.spool(trace())
    assert bench.run(waits=3).delivered == 1
    assert states[1:] == ["failed", "failed"]
    assert bench.forwarder.health.condition(None).state == "ok"


def test_what_was_mended_is_over_where_nothing_is_left_to_try(bench: Bench) -> None:
    """Another process may have delivered what waited."""
    script = raise_for(MisconfigurationError("who are you?"))
    bench.backend.react_to_opening = lambda: play(script)
    bench.run(waits=2)
    assert bench.forwarder.health.condition(None).state == "ok"


def test_one_refused_trace_is_found_in_its_batch(bench: Bench) -> None:
    """The batch is split until the culprit stands alone; all others arrive, once."""
    bad = trace(name="bad")

    def refuse(batch: Sequence[SpooledTrace]) -> None:
        if any(each.trace_id == bad.trace_id for each in batch):
            raise RejectedError("it is bad")

    bench.backend.react = refuse
    ids = bench.spool(*(trace() for _ in range(60)), bad, *(trace() for _ in range(39)))
    counts = bench.run()
    assert (counts.delivered, counts.quarantined) == (99, 1)
    assert bench.backend.ids() == set(ids) - {bad.trace_id}
    assert len(bench.backend.taken) == 99
    assert len(bench.backend.sent) < 20
    assert bench.forwarder.refused == 1


def test_culprits_that_the_backend_names_are_not_searched_for(bench: Bench) -> None:
    """Where the backend says which it refuses and takes the rest, one request is enough."""

    def refuse_the_second(batch: Sequence[SpooledTrace]) -> None:
        raise PartiallyRejectedError({batch[1].id: "it is bad"})

    bench.backend.react = refuse_the_second
    bench.spool(trace(), trace(), trace())
    counts = bench.run()
    assert (counts.delivered, counts.quarantined) == (2, 1)
    assert len(bench.backend.sent) == 1


def test_a_trace_on_which_the_backend_fails_does_not_hold_up_the_others(bench: Bench) -> None:
    """A trace that always ends in 500 goes last, and is quarantined once it is clear that it alone does."""
    poison = trace()

    def fail(batch: Sequence[SpooledTrace]) -> None:
        if any(each.trace_id == poison.trace_id for each in batch):
            raise RetryableError("500 internal server error")

    bench.backend.react = fail
    bench.spool(poison, *(trace() for _ in range(20)))
    assert bench.run(waits=12).delivered == 20


@pytest.mark.parametrize("error", [RetryableError("500 internal server error"), MisconfigurationError("403 forbidden")])
def test_a_trace_on_which_the_backend_always_fails_is_quarantined(bench: Bench, error: DeliveryError) -> None:
    """Others are taken before and after each of its failures: so it is the trace's fault, and it is put aside.

    A firewall on the way may forbid what a trace contains.
    """
    poison = trace()

    def fail(batch: Sequence[SpooledTrace]) -> None:
        if any(each.trace_id == poison.trace_id for each in batch):
            raise error

    bench.backend.react = fail
    bench.spool(poison)
    counts = bench.run(waits=60, meanwhile=lambda: bench.spool(trace()))
    assert counts.quarantined == 1
    assert counts.delivered > 10


def test_info_that_the_backend_does_not_need_is_not_sent(bench: Bench) -> None:
    """Its trace is delivered with its spans, whether or not more than a batch waits."""
    bench.backend.takes_info = False
    bench.spool(*(trace() for _ in range(LARGEST_BATCH + 50)))
    assert bench.run().delivered == LARGEST_BATCH + 50
    assert [len(batch) for batch in bench.backend.sent] == [LARGEST_BATCH, 50]
    assert not any(each.info for each in bench.backend.taken)


def test_one_unusable_experiment_leaves_the_others_alone(bench: Bench) -> None:
    """Traces for one user's deleted experiment wait, and say so; everybody else's are delivered."""
    deleted = True

    def refuse(batch: Sequence[SpooledTrace]) -> None:
        if batch[0].experiment == "deleted" and deleted:
            raise ExperimentUnusableError("experiment 'deleted' is deleted", "restore it")

    bench.backend.react = refuse
    bench.spool(trace(experiment="deleted"), trace(), trace(experiment="other"))
    counts = bench.run()
    assert (counts.delivered, counts.pending) == (2, 1)
    condition = bench.forwarder.health.condition(None)
    assert (condition.state, condition.reason) == ("degraded", "experiment 'deleted' is deleted")

    deleted = False
    again = bench.forwarder = bench.new_forwarder()
    assert bench.run(waits=3).delivered == 3
    assert again.health.condition(None).state == "ok"


def test_feedback_follows_its_trace(bench: Bench) -> None:
    """Feedback put together with its trace arrives after it."""
    (trace_id,) = bench.spool(trace())
    bench.spool_feedback(trace_id)
    bench.run()
    assert [each.trace_id for each in bench.backend.feedback] == [trace_id]


def test_feedback_soon_follows_a_trace_that_another_process_has_left(bench: Bench, tmp_path: Path) -> None:
    """A process that ends waits for it: two workers of a pool, say, of which one has ended already."""
    other = Storage(tmp_path, destination="here", max_bytes=10**9, clock=bench.clock)
    record = trace()
    with other.using() as spool:
        spool.add([record], [], Tally(requests=1, traced=1), now=0.0)
    bench.spool_feedback(record.trace_id)
    began = bench.clock.now
    taken_at: list[float] = []
    bench.backend.react_to_feedback = lambda feedback: taken_at.append(bench.clock.now)
    bench.run(waits=20, meanwhile=other.close)
    assert taken_at
    assert taken_at[0] - began < 1.0


def test_feedback_for_an_unknown_trace_is_tried_for_a_while(bench: Bench) -> None:
    """As long as the backend does not know the trace, feedback waits; in the end it is quarantined."""
    tries: list[float] = []

    def unknown(feedback: SpooledFeedback) -> None:
        tries.append(bench.clock.now)
        raise TraceNotFoundError("no such trace")

    bench.backend.react_to_feedback = unknown
    bench.spool_feedback("tr-" + "0" * 32)
    bench.run(waits=200)
    assert len(tries) == FEEDBACK_ATTEMPTS
    assert tries[-1] - tries[0] > 60
    with bench.storage.using() as spool:
        assert spool.pending() == 0


def test_feedback_that_comes_too_early_arrives_in_the_end(bench: Bench) -> None:
    """A trace that another host delivers a moment later is not missed."""
    script = raise_for(TraceNotFoundError("not yet"), TraceNotFoundError("not yet"))
    bench.backend.react_to_feedback = lambda feedback: play(script)
    bench.spool_feedback("tr-" + "0" * 32)
    bench.run(waits=10)
    assert len(bench.backend.feedback) == 1


def test_news_is_told_once_it_is_news(bench: Bench) -> None:
    """One failure that passes is no state; the second makes the state degraded, and success ends it."""
    states: list[str] = []
    script = raise_for(RetryableError("busy"), None, RetryableError("down"), RetryableError("down"))
    bench.backend.react = lambda batch: play(script)
    bench.forwarder = bench.new_forwarder(lambda: states.append(bench.forwarder.health.condition(None).state))
    bench.spool(trace(experiment="a"), trace(experiment="b"))
    bench.run(waits=5)
    assert [state for state, before in zip(states, [None, *states], strict=False) if state != before] == [
        "ok",
        "degraded",
        "ok",
    ]


def test_a_trace_on_which_we_fail_ourselves_is_found_and_quarantined(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that nobody has foreseen about it: the others arrive."""
    monkeypatch.setattr("otel_mlflow.guard.GUARD.strict", False)
    poison = trace()

    def fail(batch: Sequence[SpooledTrace]) -> None:
        if any(each.trace_id == poison.trace_id for each in batch):
            raise KeyError("surprise")

    bench.backend.react = fail
    bench.spool(*(trace() for _ in range(10)), poison, *(trace() for _ in range(10)))
    counts = bench.run(waits=60, meanwhile=lambda: bench.spool(trace()))
    assert counts.quarantined == 1
    assert counts.delivered > 20
    assert poison.trace_id not in bench.backend.ids()


def test_feedback_on_which_the_backend_fails_holds_up_nothing(bench: Bench) -> None:
    """A 500 for one assessment lets the next one through, and is tried again later."""
    failing = "tr-" + "1" * 32

    def fail(feedback: SpooledFeedback) -> None:
        if feedback.trace_id == failing:
            raise RetryableError("500 internal server error")

    bench.backend.react_to_feedback = fail
    bench.spool_feedback(failing)
    bench.spool_feedback("tr-" + "2" * 32)
    bench.run(waits=3)
    assert [each.trace_id for each in bench.backend.feedback] == ["tr-" + "2" * 32]
    with bench.storage.using() as spool:
        assert spool.pending() == 1


def test_a_bug_in_a_destination_does_not_end_delivery(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has foreseen is reported, is in the status with the next step, and is tried again after a while."""
    monkeypatch.setattr("otel_mlflow.guard.GUARD.strict", False)
    script = raise_for(KeyError("surprise"))
    bench.backend.react = lambda batch: play(script)
    bench.spool(trace())
    seen: list[Condition] = []
    assert bench.run(waits=2, meanwhile=lambda: seen.append(bench.forwarder.health.condition(None))).delivered == 1
    assert seen[0].state == "degraded"
    assert "KeyError" in seen[0].reason


@pytest.mark.parametrize(("sampled", "quarantined"), [(False, 1), (True, 0)])
def test_info_is_not_kept_for_ever_for_a_trace_that_never_comes(bench: Bench, sampled: bool, quarantined: int) -> None:
    """It is put aside, with the reason; where the collector samples it is done with. What goes with it goes on."""
    lost, *_ = bench.spool(trace(), trace())
    limit = 3

    def react(batch: Sequence[SpooledTrace]) -> None:
        if unknown := frozenset(each.id for each in batch if each.trace_id == lost and each.info):
            raise TracesNotFoundError(unknown, attempts=limit, may_be_left_out=sampled)

    bench.backend.react = react
    counts = bench.run(waits=limit + 1)
    assert (counts.delivered, counts.quarantined, counts.pending) == (2 - quarantined, quarantined, 0)
    assert [each.trace_id for batch in bench.backend.sent for each in batch].count(lost) == limit


def test_what_has_arrived_whole_is_told(bench: Bench) -> None:
    """With its info, also where the spans carry it; neither fragments nor what is refused."""
    bench.backend.takes_info = False
    whole, _, refused = bench.spool(trace(), trace(info=b""), trace())

    def refuse(batch: Sequence[SpooledTrace]) -> None:
        reasons = {each.id: "no" for each in batch if each.trace_id == refused}
        if reasons:
            raise PartiallyRejectedError(reasons)

    bench.backend.react = refuse
    bench.run()
    assert [each.trace_id for each in bench.arrived] == [whole]
    assert bench.arrived[0].info


def test_a_trace_whose_info_follows_later_is_told_then(bench: Bench) -> None:
    """Spans alone are not all of it."""
    bench.spool(*(trace() for _ in range(LARGEST_BATCH + 1)))
    bench.run(waits=2)
    assert any(batch[0].info == b"" for batch in bench.backend.sent)
    assert len(bench.arrived) == len({each.trace_id for each in bench.arrived}) == LARGEST_BATCH + 1


def test_who_is_told_of_arrivals_and_fails_holds_up_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its failure is reported, and delivery goes on."""
    monkeypatch.setattr("otel_mlflow.guard.GUARD.strict", False)
    bench.forwarder = Forwarder(bench.storage, lambda: bench.backend, bench.clock, lambda: None, _fail)
    bench.spool(trace())
    assert bench.run().delivered == 1


def _fail(arrived: Sequence[SpooledTrace]) -> None:
    raise ValueError("somebody else's fault")


def test_a_batch_is_prepared_in_slices(bench: Bench) -> None:
    """An event loop that serves requests meanwhile waits for none of them long."""
    bench.backend = ThoroughBackend(clock=bench.clock)
    bench.spool(*(trace(spans=1) for _ in range(40)))
    bench.run()
    assert bench.clock.sleeps == [pytest.approx(0.0012)] * 10
