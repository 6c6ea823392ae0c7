"""What delivery asks of a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import PartiallyRejectedError
from otel_mlflow.status import Experiment


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

    Each raises `RetryableError`, `MisconfigurationError` or `RejectedError` when the backend did not do what
    was asked; delivering a second time what the backend already has changes nothing.
    """

    accepts_metadata_later: bool
    """Whether `send` may be given the spans of a trace first and its info another time."""

    def open(self) -> Connected:
        """Read the credentials, find the experiment, create it if it is missing."""

    def needs_info(self, trace: SpooledTrace) -> bool:
        """Whether the trace's info must be sent, because its spans do not carry all of it."""

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Return when the backend has taken all of the batch, which is of one experiment."""

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Return when the backend has taken the feedback.

        Raises `TraceNotFoundError` where it does not know the trace.
        """

    def close(self) -> None:
        """Let go of connections; `open()` may follow."""


def partially_rejected(batch: Sequence[SpooledTrace], reasons: Mapping[str, str]) -> PartiallyRejectedError:
    """The error for what is refused of a batch's trace info; `reasons` by trace id."""
    return PartiallyRejectedError(
        {trace.id: reasons[trace.trace_id] for trace in batch if trace.info and trace.trace_id in reasons}
    )
