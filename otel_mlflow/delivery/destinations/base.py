"""What delivery asks of a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from typing_extensions import Self

from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.diagnosis.status import Experiment
from otel_mlflow.errors import NeedsRepair, Refused, TryAgain


@dataclass(frozen=True)
class Connected:
    """Where the traces go, as whom, and how we know; no secret in it."""

    tracking_uri: str
    experiment: Experiment | None
    identity: str
    credential_source: str
    note: str = ""
    """What is otherwise than the settings want it, though traces arrive; empty when nothing is."""


class Destination(Protocol):
    """One backend. Every method runs on the forwarder's thread and may take as long as its timeouts allow.

    Each raises `TryAgain`, `NeedsRepair` or `Refused` when the backend did not do what was asked; delivering a
    second time what the backend already has changes nothing.
    """

    takes_details_later: bool
    """Whether `send` may be given the spans of a trace first and its info another time."""

    def open(self) -> Connected:
        """Read the credentials, find the experiment, create it if it is missing."""

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Return when the backend has taken all of the batch, which is of one experiment."""

    def assess(self, feedback: SpooledFeedback) -> None:
        """Return when the backend has taken the feedback.

        Raises `TraceNotFoundError` where it does not know the trace.
        """

    def close(self) -> None:
        """Let go of connections; `open()` may follow."""


class RefusedSomeError(Refused):
    """The backend refuses some of the batch and has taken all the rest; `reasons` by record id."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__("; ".join(sorted(set(reasons.values()))))
        self.reasons = reasons

    @classmethod
    def of(cls, batch: Sequence[SpooledTrace], refused: Mapping[str, str]) -> Self:
        """The error for what is refused of a batch's info; `refused` is reasons by trace id."""
        return cls({each.id: refused[each.trace_id] for each in batch if each.info and each.trace_id in refused})


class TraceNotFoundError(Refused):
    """The backend does not know the trace that a feedback is about: perhaps not yet."""


class ExperimentUnusableError(NeedsRepair):
    """One request's own experiment cannot be written to; the traces of other experiments can be delivered."""


class StorageUnreachableError(TryAgain):
    """The place for spans is out of reach, for all traces alike: no single trace is to blame."""


def shown(uri: str) -> str:
    """The address without the user and password that may be in it."""
    netloc = urlsplit(uri).netloc
    return uri.replace(netloc, netloc.rpartition("@")[2], 1).rstrip("/") if "@" in netloc else uri.rstrip("/")
