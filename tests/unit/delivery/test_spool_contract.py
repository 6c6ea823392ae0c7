"""The contract at the head of `spool.py`, a test for each number."""

from __future__ import annotations

import dataclasses
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_mlflow.delivery.records import SpooledTrace, Stage, Tally, TraceRecord
from otel_mlflow.delivery.spool import DAMAGED, Spool
from tests.delivering import assert_adds_up, trace

BOUND = 10**9
ONE_REQUEST = Tally(requests=1, traced=1)

Open = Callable[..., Spool]


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Open]:
    """Open the spool file of this test, as another owner or for another destination if wanted."""
    opened = []

    def open_one(owner: str = "me", destination: str = "here", max_bytes: int = BOUND) -> Spool:
        spool = Spool(tmp_path / "spool.db", owner=owner, destination=destination, max_bytes=max_bytes)
        opened.append(spool)
        return spool

    yield open_one
    for spool in opened:
        spool.file.close()


def add(spool: Spool, *traces: TraceRecord) -> None:
    """Spool traces, counted as requests."""
    spool.add(traces, [], Tally(requests=len(traces), traced=len(traces)), now=0.0)


def batch(spool: Spool, stage: Stage = Stage.WHOLE, records: int = 100) -> list[SpooledTrace]:
    """What the spool hands out."""
    return spool.next_batch(stage, records=records, max_bytes=BOUND)


def test_1_what_was_added_survives_the_death_of_the_process(tmp_path: Path, open_spool: Open) -> None:
    """A record that `add` has returned for is there after SIGKILL."""
    writes_and_dies = """
import os, signal, sys
from pathlib import Path
from otel_mlflow.delivery.records import Tally
from otel_mlflow.delivery.spool import Spool
from tests.delivering import trace
spool = Spool(Path(sys.argv[1]), owner="dead", destination="here", max_bytes=10**9)
spool.add([trace()], [], Tally(requests=1, traced=1), 0.0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", writes_and_dies, str(tmp_path / "spool.db")], check=False)
    assert died.returncode == -signal.SIGKILL

    spool = open_spool()
    spool.release("dead")
    assert spool.claim(100) == 1
    assert len(batch(spool)) == 1


def test_2_the_oldest_come_out_first(open_spool: Open) -> None:
    """Records come out in the order in which they were added."""
    spool = open_spool()
    traces = [trace() for _ in range(5)]
    for each in traces:
        add(spool, each)
    assert [each.trace_id for each in batch(spool, records=3)] == [each.trace_id for each in traces[:3]]


def test_2_a_batch_is_of_one_experiment(open_spool: Open) -> None:
    """The oldest record says of which experiment a batch is; the others wait for theirs."""
    spool = open_spool()
    add(spool, trace(experiment="a"), trace(experiment="b"), trace(experiment="a"), trace())
    assert [each.experiment for each in batch(spool)] == ["a", "a"]
    rest = spool.next_batch(Stage.WHOLE, records=9, max_bytes=BOUND, but=["a"])
    assert [each.experiment for each in rest] == ["b"]


def test_2_a_batch_keeps_to_its_bytes(open_spool: Open) -> None:
    """A batch ends before the record that would make it too big, and holds one record at least."""
    spool = open_spool()
    first, second = trace(), trace()
    add(spool, first, second)
    size = len(first.spans) + len(first.info)
    assert len(spool.next_batch(Stage.WHOLE, records=9, max_bytes=size)) == 1
    assert len(spool.next_batch(Stage.WHOLE, records=9, max_bytes=1)) == 1


def test_3_a_record_stays_until_it_is_proved_delivered(open_spool: Open) -> None:
    """Handing a record out does not remove it; `delivered` does, and only that record."""
    spool = open_spool()
    add(spool, trace(), trace())
    first, second = batch(spool)
    assert batch(spool) == [first, second]
    spool.delivered([first.id])
    assert batch(spool) == [second]
    assert spool.counts().delivered == 1


def test_3_delivering_twice_counts_once(open_spool: Open) -> None:
    """A record that was reported as delivered already is not counted again."""
    spool = open_spool()
    add(spool, trace())
    (only,) = batch(spool)
    spool.delivered([only.id])
    spool.delivered([only.id])
    assert spool.counts().delivered == 1
    assert_adds_up(spool.counts())


def test_4_a_record_is_handed_to_its_owner_alone(open_spool: Open) -> None:
    """Another owner gets nothing of it while the first one lives."""
    add(open_spool("me"), trace())
    other = open_spool("you")
    assert other.claim(100) == 0
    assert batch(other) == []


def test_4_what_a_dead_owner_left_goes_to_whoever_asks_next(open_spool: Open) -> None:
    """After `release`, one owner gets a record, and the next one gets others."""
    mine = open_spool("me")
    add(mine, trace(), trace())
    mine.release("me")
    you, they = open_spool("you"), open_spool("they")
    assert (you.claim(1), they.claim(100), you.claim(100)) == (1, 1, 0)
    assert batch(you)[0].id != batch(they)[0].id


def test_4_the_records_of_one_trace_stay_together(open_spool: Open) -> None:
    """Whoever claims a record gets the rest of its trace too: what was said last must arrive last."""
    mine = open_spool("me")
    first = trace()
    add(mine, first, trace(), dataclasses.replace(first, counted=False))
    mine.release("me")
    you = open_spool("you")
    assert you.claim(1) == 2
    assert {each.trace_id for each in batch(you)} == {first.trace_id}


def test_5_a_record_goes_to_its_destination_only(open_spool: Open) -> None:
    """The same owner, delivering to another destination, neither gets it nor counts it."""
    add(open_spool("me", "here"), trace())
    elsewhere = open_spool("me", "elsewhere")
    elsewhere.release("me")
    assert elsewhere.claim(100) == 0
    assert batch(elsewhere) == []
    assert elsewhere.counts().requests == 0


def test_6_counters_change_with_the_records(open_spool: Open) -> None:
    """Whatever happens to records, every request stays accounted for."""
    spool = open_spool()
    spool.add([], [], Tally(requests=3, excluded=1, sampled_out=1, filtered=1), now=0.0)
    add(spool, trace(), trace(), trace())
    first, second, _ = batch(spool)
    spool.delivered([first.id])
    spool.quarantine({second.id: "no"})
    counts = spool.counts()
    assert_adds_up(counts)
    assert (counts.requests, counts.delivered, counts.quarantined, counts.pending) == (6, 1, 1, 1)


def test_6_a_transaction_that_fails_changes_nothing(open_spool: Open) -> None:
    """An addition that SQLite refuses half-way leaves neither records nor counts behind."""
    spool = open_spool()
    impossible = dataclasses.replace(trace(), counted=object())  # type: ignore[arg-type]
    with pytest.raises(sqlite3.Error):
        add(spool, trace(), impossible)
    assert spool.counts().requests == 0
    assert batch(spool) == []


def test_6_a_fragment_is_delivered_and_not_counted(open_spool: Open) -> None:
    """A record that stands for no request leaves the counters alone."""
    spool = open_spool()
    spool.add([trace(counted=False)], [], Tally(), now=0.0)
    assert spool.pending() == 1
    spool.delivered([each.id for each in batch(spool)])
    assert spool.counts().requests == spool.counts().delivered == 0


def test_7_a_refused_record_stays_with_the_reason(open_spool: Open) -> None:
    """A quarantined record is not handed out, not even after its owner's death."""
    spool = open_spool()
    add(spool, trace())
    spool.quarantine({batch(spool)[0].id: "it says no"})
    spool.release("me")
    spool.claim(100)
    assert batch(spool) == []
    assert spool.counts().quarantined == 1
    with spool.file.snapshot() as db:
        assert db.execute("SELECT reason FROM record").fetchall() == [("it says no",)]


def test_8_the_oldest_go_where_the_spool_is_full(open_spool: Open) -> None:
    """The spool keeps its bound, keeps the newest, and counts what had to go."""
    bound = 300_000
    spool = open_spool(max_bytes=bound)
    traces = [trace() for _ in range(400)]
    for start in range(0, 400, 20):
        add(spool, *traces[start : start + 20])
        assert spool.used_bytes() <= bound
    kept = [each.trace_id for each in batch(spool, records=400)]
    assert kept == [each.trace_id for each in traces[-len(kept) :]]
    assert spool.counts().dropped == 400 - len(kept) > 0
    assert_adds_up(spool.counts())


def test_8_a_drop_is_counted_for_the_destination_that_it_hits(open_spool: Open) -> None:
    """When one destination's traces push out another's, the other counts them as dropped."""
    victim = open_spool("me", "victim", max_bytes=BOUND)
    add(victim, *(trace() for _ in range(20)))
    add(open_spool("me", "heavy", max_bytes=200_000), *(trace() for _ in range(200)))
    assert victim.counts().dropped == 20
    assert_adds_up(victim.counts())


def test_9_delivered_spans_make_room(open_spool: Open) -> None:
    """Of a record whose spans have arrived only the info is left, and it is handed out as such."""
    spool = open_spool()
    record = trace()
    add(spool, record)
    spool.spans_delivered(batch(spool))
    assert batch(spool) == []
    (left,) = batch(spool, Stage.METADATA)
    assert (left.spans, left.info) == (b"", record.info)
    assert spool.counts().pending == 1


def test_9_spans_without_more_to_say_are_all_there_is(open_spool: Open) -> None:
    """A record that holds nothing but spans is delivered with them."""
    spool = open_spool()
    add(spool, trace(info=b""))
    spool.spans_delivered(batch(spool))
    assert spool.counts().delivered == 1
    assert spool.pending() == 0


def test_10_a_record_comes_out_as_it_went_in(open_spool: Open) -> None:
    """Spans, info and experiment are the same bytes and words."""
    spool = open_spool()
    record = trace(experiment="per user · ünïcode")
    add(spool, record)
    (out,) = batch(spool)
    assert (out.trace_id, out.spans, out.info, out.experiment) == (
        record.trace_id,
        record.spans,
        record.info,
        record.experiment,
    )


def test_10_a_record_that_was_damaged_is_quarantined(open_spool: Open) -> None:
    """A flipped byte on disk is found when the record is read; the records around it come out."""
    spool = open_spool()
    add(spool, trace(), trace(), trace())
    damaged = batch(spool)[1]
    with spool.file.transaction() as db:
        db.execute("UPDATE record SET spans = ? WHERE id = ?", (secrets.token_bytes(len(damaged.spans)), damaged.id))
    assert damaged.id not in [each.id for each in batch(spool)]
    assert len(batch(spool)) == 2
    with spool.file.snapshot() as db:
        assert db.execute("SELECT reason FROM record WHERE quarantined = 1").fetchall() == [(DAMAGED,)]


def test_11_the_clock_decides_nothing(open_spool: Open) -> None:
    """Records spooled while the clock said otherwise come out in the order of their arrival."""
    spool = open_spool()
    traces = [trace(), trace(), trace()]
    for each, now in zip(traces, (9e9, 0.0, -5.0), strict=True):
        spool.add([each], [], ONE_REQUEST, now=now)
    assert [each.trace_id for each in batch(spool)] == [each.trace_id for each in traces]


def test_12_what_is_said_last_of_a_trace_is_not_followed_by_what_was_said_before(open_spool: Open) -> None:
    """Spans come first, and what a later record says comes with them: what an earlier one has left is let go."""
    spool = open_spool()
    first, other = (dataclasses.replace(trace(), spans=b"", info=b'{"state": "OK"}') for _ in range(2))
    last = dataclasses.replace(first, spans=b"turn", info=b'{"state": "ERROR"}', counted=False)
    add(spool, first, other)
    spool.add([last], [], Tally(), now=0.0)
    sent = batch(spool)
    spool.drop_outdated(sent)
    spool.delivered([each.id for each in sent])
    assert [each.trace_id == first.trace_id for each in batch(spool, Stage.METADATA)] == [False]
    assert (spool.counts().delivered, spool.counts().pending) == (1, 1)


def test_feedback_waits_for_its_trace(open_spool: Open) -> None:
    """Feedback is handed out once nothing of its trace waits whole any more, in any process."""
    spool, other = open_spool("me"), open_spool("you")
    record = trace()
    add(other, record)
    spool.add([], [(record.trace_id, b"{}")], Tally(), now=0.0)
    assert spool.next_feedback() is None
    other.spans_delivered(batch(other))
    feedback = spool.next_feedback()
    assert feedback is not None
    assert feedback.trace_id == record.trace_id
    assert spool.next_feedback(skipped=[feedback.id]) is None


def test_names_that_are_no_utf8_are_kept_all_the_same(open_spool: Open) -> None:
    """Python's text may hold lone surrogates, which SQLite's cannot."""
    spool = open_spool()
    add(spool, trace(experiment="half a \ud83d"))
    spool.add([], [("tr-\udcff", b"{}")], Tally(), now=0.0)
    assert batch(spool)[0].experiment == "half a ?"
