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

CHANCE = random.SystemRandom()
"""For the lengths of waits. Not `random`'s own: what an application that seeds it draws must not depend on us."""

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

    @property
    def has_metadata(self) -> bool:
        """Whether more than spans is to be sent."""
        return not self.spans_only and any(trace.info for trace in self.batch)


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
        self._metadata: _Pause | None = None
        self._awaited: _Pause | None = None
        self._asked_up_to = 0

    def next(self, spool: Spool, rate: RateController, *, metadata_later: bool) -> Traces | SpooledFeedback | None:
        """Spans of traces before feedback, feedback before trace metadata.

        Once more than a batch waits, spans go first and alone (if `metadata_later`) until none are left: the backend
        takes them a hundred in a request, everything else one by one.
        """
        poison = self.poison_records.ids()
        self._pressed = metadata_later and (self._pressed or spool.has_more_than(LARGEST_BATCH))
        without_metadata = self._is_running(self._metadata)
        if batch := self._batch(spool, Stage.WHOLE, rate.batch, poison):
            return Traces(batch, spans_only=self._pressed or without_metadata)
        self._pressed = False
        if without_metadata:
            return None
        if (feedback := self._next_feedback(spool)) is not None:
            return feedback
        if batch := self._metadata_batch(spool, min(rate.batch, WITH_METADATA), poison):
            return Traces(batch)
        return self._poison_record(spool)

    def pause_experiment(self, name: str) -> None:
        """Leave the experiment's traces for a while, longer each time."""
        self._experiments[name] = self._longer(self._experiments.get(name))

    def pause_metadata(self) -> None:
        """Leave all that goes beside the spans for a while, longer each time; spans go on."""
        self._metadata = self._longer(self._metadata)

    def await_traces(self, work: Traces, unknown: Collection[int]) -> None:
        """Ask for these again when all others have been asked for, and some time later: longer while none arrives."""
        if not any(trace.spans for trace in work.batch):
            self._asked_up_to = work.batch[-1].id
            if any(trace.info and trace.id not in unknown for trace in work.batch):
                self._awaited = None
        if not self._is_running(self._awaited):
            self._awaited = self._longer(self._awaited)

    def pause_feedback(self, feedback: SpooledFeedback, attempts: int | None = None) -> bool:
        """Leave the feedback for a while, longer each time; answer whether it has been tried often enough."""
        self._feedback[feedback.id] = self._longer(self._feedback.get(feedback.id))
        return feedback.attempts + 1 >= (attempts or FEEDBACK_ATTEMPTS)

    def delivered(self, work: Traces | SpooledFeedback) -> None:
        """Forget what was held against it."""
        self.poison_records.others_taken()
        if isinstance(work, SpooledFeedback) or work.has_metadata:
            self._metadata = self._awaited = None
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
        metadata = (pause for pause in (self._metadata, self._awaited) if pause is not None)
        pauses = (*self._experiments.values(), *self._feedback.values(), *metadata)
        return min((pause.until - now for pause in pauses if pause.until > now), default=None)

    def _next_feedback(self, spool: Spool) -> SpooledFeedback | None:
        """What has not failed comes first: what has may be due again, and fail again."""
        return spool.next_feedback(self._feedback) or spool.next_feedback(self._paused(self._feedback))

    def _metadata_batch(self, spool: Spool, records: int, skipped: Collection[int]) -> list[SpooledTrace]:
        """In rounds, where the backend does not know some traces yet: each is asked for once, then there is a pause."""
        if not self._asked_up_to and self._is_running(self._awaited):
            return []
        batch = self._batch(spool, Stage.METADATA, records, skipped, after=self._asked_up_to)
        if not batch and self._asked_up_to:
            self._asked_up_to = 0
            return self._metadata_batch(spool, records, skipped)
        return batch

    def _batch(
        self, spool: Spool, stage: Stage, records: int, skipped: Collection[int], *, after: int = 0
    ) -> list[SpooledTrace]:
        but = self._paused(self._experiments)
        return spool.next_batch(
            stage, records=records, max_bytes=LARGEST_REQUEST, but=but, skipped=skipped, after=after
        )

    def _is_running(self, pause: _Pause | None) -> bool:
        return pause is not None and pause.until > self._clock.monotonic()

    def _poison_record(self, spool: Spool) -> Traces | None:
        """The one that was tried longest ago."""
        poison = self.poison_records.ids()
        for record in poison:
            others = [each for each in poison if each != record]
            for stage in (Stage.WHOLE, Stage.METADATA):
                if batch := self._batch(spool, stage, 1, others):
                    return Traces(batch)
            self.poison_records.clear(record)
        return None

    def _paused(self, pauses: Mapping[Key, _Pause]) -> list[Key]:
        now = self._clock.monotonic()
        return [key for key, pause in pauses.items() if pause.until > now]

    def _longer(self, pause: _Pause | None) -> _Pause:
        failures = pause.failures if pause is not None else 0
        wait = backoff(failures, LONGEST_PAUSE, CHANCE.random())
        return _Pause(self._clock.monotonic() + wait, failures + 1)
