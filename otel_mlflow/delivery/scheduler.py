"""What the forwarder does next: the oldest first, around what cannot be delivered for a reason of its own."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.poison_records import PoisonRecordTracker
from otel_mlflow.delivery.rate_controller import LARGEST_BATCH, RateController
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace, Stage
from otel_mlflow.delivery.retry import backoff
from otel_mlflow.delivery.spool import Spool

LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of traces in one request."""

WITH_METADATA = 25
"""Records: the metadata of each takes the backend a request of its own, and what comes in meanwhile waits for all."""

LONGEST_PAUSE = 30.0
"""Seconds."""

FEEDBACK_ATTEMPTS = 12
"""Times that feedback is tried while the backend does not know its trace: about three minutes."""

Key = TypeVar("Key", int, str)


@dataclass(frozen=True)
class Traces:
    """A batch to send; `spans_only` when what else it holds is to follow later."""

    batch: list[SpooledTrace]
    spans_only: bool = False

    @property
    def experiment(self) -> str | None:
        """The experiment that all of the batch goes to; None for the configured one."""
        return self.batch[0].experiment


@dataclass(frozen=True)
class _Pause:
    until: float
    failures: int


class Scheduler:
    """Picks what to do from the spool. Holds the reasons for passing something over, by its key, in memory only."""

    def __init__(self, clock: Clock) -> None:
        self.poison_records = PoisonRecordTracker()
        self._pressed = False
        self._clock = clock
        self._experiments: dict[str, _Pause] = {}
        self._feedback: dict[int, _Pause] = {}

    def next(self, spool: Spool, rate: RateController, *, metadata_later: bool) -> Traces | SpooledFeedback | None:
        """Spans of traces before feedback, feedback before trace metadata.

        Once more than a batch waits, spans go first and alone (if `metadata_later`) until none are left: the backend
        takes them a hundred in a request, everything else one by one.
        """
        suspects = self.poison_records.ids()
        self._pressed = metadata_later and (self._pressed or spool.has_more_than(LARGEST_BATCH))
        if batch := self._batch(spool, Stage.WHOLE, rate.batch, suspects):
            return Traces(batch, spans_only=self._pressed)
        self._pressed = False
        if (feedback := self._next_feedback(spool)) is not None:
            return feedback
        if batch := self._batch(spool, Stage.METADATA, min(rate.batch, WITH_METADATA), suspects):
            return Traces(batch)
        return self._suspect(spool)

    def pause_experiment(self, name: str) -> None:
        """Leave the experiment's traces for a while, longer each time."""
        self._experiments[name] = self._longer(self._experiments.get(name))

    def pause_feedback(self, feedback: SpooledFeedback) -> bool:
        """Leave the feedback for a while, longer each time; answer whether it has been tried often enough."""
        self._feedback[feedback.id] = self._longer(self._feedback.get(feedback.id))
        return feedback.attempts + 1 >= FEEDBACK_ATTEMPTS

    def delivered(self, work: Traces | SpooledFeedback) -> None:
        """Forget what was held against it."""
        self.poison_records.others_taken()
        if isinstance(work, SpooledFeedback):
            self._feedback.pop(work.id, None)
            return
        for trace in work.batch:
            self.poison_records.clear(trace.id)
        if work.experiment is not None:
            self._experiments.pop(work.experiment, None)

    def next_moment(self) -> float | None:
        """Seconds until something that was passed over is due; None when nothing was."""
        now = self._clock.monotonic()
        pauses = (*self._experiments.values(), *self._feedback.values())
        return min((pause.until - now for pause in pauses if pause.until > now), default=None)

    def _next_feedback(self, spool: Spool) -> SpooledFeedback | None:
        """What has not failed comes first: what has may be due again, and fail again."""
        return spool.next_feedback(self._feedback) or spool.next_feedback(self._paused(self._feedback))

    def _batch(self, spool: Spool, stage: Stage, records: int, skipped: Collection[int]) -> list[SpooledTrace]:
        but = self._paused(self._experiments)
        return spool.next_batch(stage, records=records, max_bytes=LARGEST_REQUEST, but=but, skipped=skipped)

    def _suspect(self, spool: Spool) -> Traces | None:
        """The one among the suspects that was tried longest ago."""
        suspects = self.poison_records.ids()
        for suspect in suspects:
            others = [each for each in suspects if each != suspect]
            for stage in (Stage.WHOLE, Stage.METADATA):
                if batch := self._batch(spool, stage, 1, others):
                    return Traces(batch)
            self.poison_records.clear(suspect)
        return None

    def _paused(self, pauses: Mapping[Key, _Pause]) -> list[Key]:
        now = self._clock.monotonic()
        return [key for key, pause in pauses.items() if pause.until > now]

    def _longer(self, pause: _Pause | None) -> _Pause:
        failures = pause.failures if pause is not None else 0
        wait = backoff(failures, LONGEST_PAUSE, random.random())  # noqa: S311, no secret
        return _Pause(self._clock.monotonic() + wait, failures + 1)
