"""The spool against a plain model of it: put, claim, acknowledge, refuse, crash, reopen, in any order."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from otel_mlflow.delivery.records import Stage, Tally, TraceRecord
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.status import Counts

OWNERS = ("one", "two")
EXPERIMENTS = (None, "a", "b")
BOUND = 10**9


@dataclass
class Expected:
    """What the model knows of a record that is in the spool."""

    trace_id: str
    experiment: str | None
    counted: bool
    has_info: bool
    owner: str
    stage: Stage = Stage.WHOLE
    quarantined: bool = False


class SpoolAndModel(RuleBasedStateMachine):
    """Two owners share one spool file. The model is a list in order of arrival, and a counter."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.generation = itertools.count()
        self.path = self.folder / "spool-0.db"
        self.numbers = itertools.count()
        self.model: list[Expected] = []
        self.counters: Counter[str] = Counter()

    @initialize()
    def open_both(self) -> None:
        """Both owners open the file."""
        self.spools = {owner: self._open(owner) for owner in OWNERS}

    def teardown(self) -> None:
        """Leave nothing behind."""
        for spool in self.spools.values():
            spool.file.close()
        shutil.rmtree(self.folder)

    def _open(self, owner: str) -> Spool:
        return Spool(self.path, owner=owner, destination="here", max_bytes=BOUND)

    @rule(
        owner=st.sampled_from(OWNERS),
        kinds=st.lists(st.tuples(st.sampled_from(EXPERIMENTS), st.booleans(), st.booleans()), min_size=1, max_size=4),
    )
    def put(self, owner: str, kinds: list[tuple[str | None, bool, bool]]) -> None:
        """Put traces: of some experiment, counted or not, with or without info."""
        expected = [
            Expected(f"tr-{next(self.numbers)}", experiment, counted, has_info, owner)
            for experiment, counted, has_info in kinds
        ]
        counted = sum(each.counted for each in expected)
        tally = Tally(requests=counted, traced=counted)
        self.spools[owner].add([_record(each) for each in expected], [], tally, now=0.0)
        self.model += expected
        self.counters += tally

    @rule(outcome=st.sampled_from(("excluded", "sampled_out", "filtered")))
    def count(self, outcome: str) -> None:
        """Count a request that leaves no trace."""
        tally = Tally({"requests": 1, outcome: 1})
        self.spools["one"].add([], [], tally, now=0.0)
        self.counters += tally

    @rule(
        owner=st.sampled_from(OWNERS),
        stage=st.sampled_from((Stage.WHOLE, Stage.METADATA)),
        records=st.integers(1, 5),
        fate=st.sampled_from(("delivered", "spans delivered", "refused", "nothing")),
    )
    def claim(self, owner: str, stage: Stage, records: int, fate: str) -> None:
        """Claim a batch, see that it is the one that the model expects, and conclude it."""
        spool = self.spools[owner]
        batch = spool.next_batch(stage, records=records, max_bytes=BOUND)
        expected = self._next(owner, stage)[:records]
        assert [each.trace_id for each in batch] == [each.trace_id for each in expected]
        if fate == "delivered":
            spool.delivered(each.id for each in batch)
            self._remove(expected)
        elif fate == "spans delivered" and stage is Stage.WHOLE:
            spool.spans_delivered(batch)
            self._remove([each for each in expected if not each.has_info])
            for each in expected:
                each.stage = Stage.METADATA
        elif fate == "refused" and batch:
            spool.quarantine({batch[0].id: "no"})
            expected[0].quarantined = True

    @rule(dead=st.sampled_from(OWNERS))
    def take_over(self, dead: str) -> None:
        """One owner dies, the other takes over everything, and the first comes back with nothing."""
        heir = next(owner for owner in OWNERS if owner != dead)
        self.spools[heir].release(dead)
        self.spools[heir].claim(BOUND)
        for each in self.model:
            each.owner = heir if each.owner == dead and not each.quarantined else each.owner

    @rule()
    def reopen(self) -> None:
        """Close the file in good order and open it again."""
        for spool in self.spools.values():
            spool.file.close()
        self.spools = {owner: self._open(owner) for owner in OWNERS}

    @rule(in_mid_transaction=st.booleans())
    def crash(self, in_mid_transaction: bool) -> None:
        """Go on from the files as they lie there, which is all that a killed process leaves behind."""
        with self.spools["one"].file.transaction() as db:
            if in_mid_transaction:
                db.execute("DELETE FROM record")
                db.execute("UPDATE counter SET value = value + 1")
            survivor = self.folder / f"spool-{next(self.generation) + 1}.db"
            for companion in ("", "-wal"):
                source = Path(f"{self.path}{companion}")
                if source.exists():
                    shutil.copyfile(source, f"{survivor}{companion}")
            db.execute("ROLLBACK")
            db.execute("BEGIN")
        for spool in self.spools.values():
            spool.file.close()
        self.path = survivor
        self.spools = {owner: self._open(owner) for owner in OWNERS}

    @invariant()
    def counts_are_the_models(self) -> None:
        """The counters and what waits are what the model says, seen by either owner."""
        waiting = [each for each in self.model if each.counted]
        expected = Counts(
            **self.counters,
            pending=sum(not each.quarantined for each in waiting),
            quarantined=sum(each.quarantined for each in waiting),
        )
        for spool in self.spools.values():
            assert spool.counts() == expected
        assert expected.traced == expected.delivered + expected.pending + expected.quarantined + expected.dropped

    @precondition(lambda self: self.model)
    @invariant()
    def nothing_is_in_two_hands(self) -> None:
        """No record is handed out to both owners."""
        for stage in (Stage.WHOLE, Stage.METADATA):
            one, two = (
                {each.id for each in spool.next_batch(stage, records=99, max_bytes=BOUND)}
                for spool in self.spools.values()
            )
            assert not one & two

    def _next(self, owner: str, stage: Stage) -> list[Expected]:
        mine = [each for each in self.model if (each.owner, each.stage, each.quarantined) == (owner, stage, False)]
        return [each for each in mine if each.experiment == mine[0].experiment]

    def _remove(self, delivered: list[Expected]) -> None:
        self.model = [each for each in self.model if each not in delivered]
        if counted := sum(each.counted for each in delivered):
            self.counters["delivered"] += counted


def _record(expected: Expected) -> TraceRecord:
    spans = f"spans of {expected.trace_id}".encode()
    info = b'{"of": "it"}' if expected.has_info else b""
    return TraceRecord(expected.trace_id, spans, info, expected.experiment, expected.counted)


SpoolAndModel.TestCase.settings = settings(
    max_examples=15, stateful_step_count=25, suppress_health_check=list(HealthCheck)
)
test_spool_behaves_like_its_model = SpoolAndModel.TestCase
