"""The thread that carries what is in the spool to the backend. Only it deletes, and only on proof."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from otel_mlflow.delivery.batch_sender import BatchSender, not_the_spools
from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.health import Health
from otel_mlflow.delivery.pacer import Pacer
from otel_mlflow.delivery.rate_controller import LARGEST_BATCH, RateController
from otel_mlflow.delivery.records import OnArrival, SpooledFeedback
from otel_mlflow.delivery.retry import FIRST_WAIT, LONGEST_WAIT, Step, next_action
from otel_mlflow.delivery.scheduler import CHANCE, Scheduler, Traces
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.delivery.storage import SpoolLostError, Storage
from otel_mlflow.delivery.trouble import LocalTrouble, RecentTrouble
from otel_mlflow.errors import (
    CredentialsRejectedError,
    DeliveryError,
    ExperimentUnusableError,
    MetadataUndeliveredError,
    MisconfigurationError,
    RejectedError,
    RetryableError,
    StorageUnreachableError,
    TraceNotFoundError,
    TracesNotFoundError,
    UnexpectedResponseError,
)
from otel_mlflow.guard import guarded, run_guarded

BETWEEN_TAKEOVERS = 5.0
"""Seconds between two looks at whether another process has died and left something."""

BETWEEN_LOOKS = 0.25
"""Seconds between two of them while something waits for what another process has."""

CLAIMED_AT_ONCE = 1000
"""Records that are taken over from the dead at a time, so that the living share the work."""

LINGER = 0.5
"""Seconds that a batch waits for more traces after a quiet time. Nobody sees the difference, and the backend does."""

UNFORESEEN = "otel-mlflow fails in delivery with {error}, which is a fault of its own"
NO_RECORDS_FAULT = (StorageUnreachableError, CredentialsRejectedError, UnexpectedResponseError)
REPORT_IT = "report it, with the traceback that is in the application's log"
SEE_SPOOL = (
    "see `otel-mlflow spool list --quarantined`; once the cause is mended, `otel-mlflow spool retry` sends them again"
)


@dataclass(frozen=True)
class Rest:
    """A wait before the next step: so many seconds, or until an event.

    For `idle` seconds of it, and after it, nothing is tried as long as nothing comes that can be delivered.
    """

    seconds: float
    until: threading.Event
    idle: float = 0.0


class Forwarder:
    """Delivers until it is stopped. `stepped` is called after everything that may have changed the health."""

    def __init__(
        self,
        storage: Storage,
        connect: Callable[[], Destination],
        clock: Clock,
        stepped: Callable[[], None],
        arrived: OnArrival,
    ) -> None:
        self.health = Health()
        self.refused = 0
        self.failures = 0
        self.is_connecting = False
        """Whether it is finding out where to deliver, so that nothing is under way."""
        self._storage = storage
        self._connect = connect
        self._clock = clock
        self._stepped = stepped
        self._arrived = arrived
        self._destination: Destination | None = None
        self._scheduler = Scheduler(clock)
        self._pacer = Pacer(clock, self._is_late)
        self._rate = RateController()
        self._work = threading.Event()
        self._hurry = threading.Event()
        self._stop = threading.Event()
        self._rest = Rest(0, self._stop)
        self._rests_since = 0.0
        self._lingers = True
        self._trouble = RecentTrouble(clock)
        self._next_takeover = 0.0
        self._in_hand: Traces | SpooledFeedback | None = None
        self._has_outlasted_end = False

    @property
    def trouble(self) -> LocalTrouble | None:
        """Why traces were refused, None when none were of late."""
        return self._trouble.current

    def run(self) -> None:
        """Deliver until `stop()`."""
        while not self._stop.is_set():
            self._rest = Rest(0, self._stop)
            self._work.clear()
            with self._pacer.working():
                rest = run_guarded(self._step)
            if self._has_outlasted_end:
                break
            if isinstance(rest, Exception):
                rest = self._survive(rest) or Rest(LONGEST_WAIT, self._stop)
            self._rests_since, self._rest = self._clock.monotonic(), rest
            self._stepped()
            self._take(rest)
        self._disconnect()

    def wake(self) -> None:
        """There is something in the spool."""
        self._work.set()

    def hurry(self) -> None:
        """Somebody waits: try now, unless the backend has asked to be left alone."""
        self._hurry.set()
        self._work.set()

    def rests_beyond(self, moment: float) -> bool:
        """Whether nothing more is going to be tried before then, on the monotonic clock, whoever hurries.

        The backend has asked to be left alone, or whatever waits is held up by something of its own.
        """
        # What was found out before somebody hurried may be true no more, unless the backend has asked.
        is_awake = self._work.is_set()
        rest = self._rest
        return self._rests_since + rest.idle > moment and (rest.until is self._stop or not is_awake)

    def stop_lingering(self) -> None:
        """Send each trace as soon as it is in the spool."""
        self._lingers = False
        self.hurry()

    def stop(self) -> None:
        """End after what is under way."""
        self._stop.set()
        self.hurry()

    def _step(self) -> Rest:
        """Do the next thing; return how long to rest before the one after it."""
        try:
            self._take_over()
            destination = self._destination or self._connected()
            if destination is None:
                return Rest(0, self._stop)
            rest = self._deliver_next(destination)
            self.health = self.health.mended()
            return rest
        except DeliveryError as error:
            return self._failed(error)
        except SpoolLostError:
            # There is another one now; should that be of no use either, it is not asked for in a hot loop.
            return Rest(FIRST_WAIT, self._hurry)

    @guarded
    def _survive(self, error: Exception) -> Rest:
        """Nobody has foreseen this. It may be a record's fault, which is found as the fault of a backend's is."""
        work, self._in_hand = self._in_hand, None
        unforeseen = RetryableError(UNFORESEEN.format(error=type(error).__name__), REPORT_IT)
        rest = self._failed(unforeseen)
        self.health = replace(self.health, trouble=unforeseen)
        if isinstance(work, SpooledFeedback):
            self._scheduler.pause_feedback(work)
        elif work is not None:
            with self._storage.using() as spool:
                self._note_failure(work, unforeseen, spool)
        return rest

    def _take_over(self) -> None:
        if self._clock.monotonic() >= self._next_takeover:
            self._next_takeover = self._clock.monotonic() + BETWEEN_TAKEOVERS
            self._storage.take_over()

    def _connected(self) -> Destination | None:
        """None where the end has come meanwhile: it is not waited for, and what is in the spool is another's by now."""
        self.is_connecting = True
        try:
            if not self._stop.is_set():
                destination = self._connect()
                self.health = self.health.opened(destination.open())
                self._destination = destination
        finally:
            self.is_connecting = False
            self._has_outlasted_end = self._stop.is_set()
        return None if self._has_outlasted_end else self._destination

    def _disconnect(self) -> None:
        destination, self._destination = self._destination, None
        if destination is not None:
            destination.close()

    def _deliver_next(self, destination: Destination) -> Rest:
        with self._storage.using() as spool:
            if not spool.has_more_than(LARGEST_BATCH):
                spool.claim(CLAIMED_AT_ONCE)
            work = self._scheduler.next(spool, self._rate, metadata_later=destination.accepts_metadata_later)
            if work is None:
                spool.give_back()
                return self._until_work_comes(spool)
            self._in_hand = work
            if isinstance(work, Traces):
                self._send(work, spool, destination)
            else:
                self._log_assessment(work, spool, destination)
            self._in_hand = None
        return Rest(self._rate.pause, self._stop)

    def _send(self, work: Traces, spool: Spool, destination: Destination) -> None:
        sender = BatchSender(spool, destination)
        try:
            sender.deliver(work.batch, spans_only=work.spans_only)
        except ExperimentUnusableError as error:
            self._block(work, error)
        except MetadataUndeliveredError as error:
            self._hold_metadata(error)
        except TracesNotFoundError as error:
            self._scheduler.await_traces(work, error.records)
            self.health = self.health.taken(self._clock.wall())
        except (RetryableError, MisconfigurationError) as error:
            self._note_failure(work, error, spool)
            raise
        else:
            self._taken(work)
        finally:
            if sender.refusal is not None:
                self._note_refusal(sender.refused, sender.refusal)
            if sender.arrived:
                run_guarded(lambda: self._arrived(sender.arrived))

    def _log_assessment(self, feedback: SpooledFeedback, spool: Spool, destination: Destination) -> None:
        try:
            with not_the_spools():
                destination.log_assessment(feedback)
        except TraceNotFoundError as error:
            spool.mark_attempted([feedback.id])
            if not self._scheduler.pause_feedback(feedback, error.attempts):
                return
            self._refuse(spool, feedback.id, error)
        except RejectedError as error:
            self._refuse(spool, feedback.id, error)
        except MetadataUndeliveredError as error:
            self._hold_metadata(error)
            return
        except RetryableError:
            # What comes after it is tried first: the backend may fail on this one alone.
            self._scheduler.pause_feedback(feedback)
            raise
        else:
            spool.delivered([feedback.id])
        self._taken(feedback)

    def _taken(self, work: Traces | SpooledFeedback) -> None:
        self.failures = 0
        self._scheduler.delivered(work)
        self._rate = self._rate.taken()
        self.health = self.health.taken(self._clock.wall())
        if isinstance(work, SpooledFeedback) or work.has_metadata:
            self.health = replace(self.health, metadata_trouble=None)
        if isinstance(work, Traces) and work.experiment in self.health.blocked:
            blocked = {name: why for name, why in self.health.blocked.items() if name != work.experiment}
            self.health = replace(self.health, blocked=blocked)

    def _block(self, work: Traces, error: ExperimentUnusableError) -> None:
        name = work.experiment or ""
        self._scheduler.pause_experiment(name)
        self.health = replace(
            self.health.erred(error, self._clock.wall()), blocked={**self.health.blocked, name: error}
        )

    def _hold_metadata(self, error: MetadataUndeliveredError) -> None:
        """Spans go on; what goes beside them waits."""
        self._scheduler.pause_metadata()
        self.health = replace(self.health.erred(error, self._clock.wall()), metadata_trouble=error)

    def _note_failure(self, work: Traces, error: DeliveryError, spool: Spool) -> None:
        """It may be the record's fault: something in front of the backend may forbid what it contains."""
        record = work.batch[0].id
        throttled = isinstance(error, RetryableError) and error.throttled
        if len(work.batch) > 1 or throttled or isinstance(error, NO_RECORDS_FAULT):
            return
        if self._scheduler.poison_records.failed_alone(record):
            self._scheduler.poison_records.clear(record)
            self._refuse(spool, record, error)

    def _refuse(self, spool: Spool, record: int, error: DeliveryError) -> None:
        spool.quarantine({record: error.reason})
        self._note_refusal(1, error)

    def _note_refusal(self, records: int, error: DeliveryError) -> None:
        self.refused += records
        self.health = self.health.erred(error, self._clock.wall())
        self._trouble.note(
            LocalTrouble(
                f"{self.refused} traces were refused, the last one because {error.reason}", SEE_SPOOL, "refused"
            )
        )

    def _failed(self, error: DeliveryError) -> Rest:
        action = next_action(error, records=1, failures=self.failures, chance=CHANCE.random())
        self.failures = action.failures
        self.health = self.health.troubled(error, self._clock.wall())
        if action.step is Step.REOPEN:
            self._disconnect()
        asked = isinstance(error, RetryableError) and bool(error.retry_after)
        throttled = isinstance(error, RetryableError) and error.throttled
        self._rate = self._rate.throttled() if throttled else self._rate.failed()
        return Rest(action.wait, self._stop, idle=action.wait) if asked else Rest(action.wait, self._hurry)

    def _is_late(self) -> bool:
        return self._stop.is_set()

    def _until_work_comes(self, spool: Spool) -> Rest:
        due = self._scheduler.next_moment()
        if due is None and not spool.is_done():
            # Feedback whose trace another process has in hand, which tells nobody that it is done, or gone.
            self._next_takeover = 0.0
            return Rest(BETWEEN_LOOKS, self._work)
        if due is None:
            return Rest(BETWEEN_TAKEOVERS, self._work)
        return Rest(min(due, BETWEEN_TAKEOVERS), self._work, idle=due)

    def _take(self, rest: Rest) -> None:
        if not rest.seconds or not self._clock.wait(rest.until, rest.seconds):
            return
        if rest.until is self._work and self._lingers:
            self._take(Rest(LINGER, self._hurry))
        elif rest.until is self._hurry:
            self._hurry.clear()
