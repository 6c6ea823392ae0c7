"""Everything that otel-mlflow raises, as one tree.

What may be tried again and what may not are types, so that no caller has to read a message to decide.
"""

from __future__ import annotations


class OtelMlflowError(Exception):
    """Root of the tree: catching it catches whatever otel-mlflow raises of its own."""


class SettingsError(OtelMlflowError, ValueError):
    """A setting that cannot be used.

    The message names the file or the environment variable, the dotted key, the value seen (masked if it is a
    secret) and what is allowed; one line for each culprit.
    """


class NotInstrumentableError(OtelMlflowError, TypeError):
    """`instrument()` was given something that it cannot add its middleware to; the message says what to do instead."""


class ArgumentTypeError(OtelMlflowError, TypeError):
    """An argument that is not of the kind that a function takes; the message names it and says what it takes."""

    def __init__(self, name: str, seen: object, expected: str) -> None:
        what = f"the class {seen.__qualname__} itself" if isinstance(seen, type) else f"a {type(seen).__qualname__}"
        super().__init__(f"{name} takes {expected}; this is {what}")


class TracingSetupError(OtelMlflowError):
    """Tracing could not start, and the settings say ``strict``.

    The message says what failed, with which credentials, against which host, and what to do.
    """


class DeliveryError(OtelMlflowError):
    """A destination did not take what it was given.

    ``reason`` is what was seen, ``fix`` what a person can do about it (empty when nothing needs doing).
    Neither ever holds a secret: both are shown in ``status()`` and in the log.
    """

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(f"{reason}; {fix}" if fix else reason)
        self.reason = reason
        self.fix = fix


class RetryableError(DeliveryError):
    """It may well work later: the network, or an answer of 408, 429 or 5xx.

    ``retry_after`` is the shortest wait that the backend asks for, in seconds; None when it names none. ``throttled``
    tells whether it asked for fewer requests.
    """

    def __init__(
        self, reason: str, fix: str = "", *, retry_after: float | None = None, throttled: bool = False
    ) -> None:
        super().__init__(reason, fix)
        self.retry_after = retry_after
        self.throttled = throttled or retry_after is not None


class MisconfigurationError(DeliveryError):
    """It will work once somebody mends it: credentials rejected (401, 403), experiment missing or deleted."""


class CredentialsRejectedError(MisconfigurationError):
    """The backend does not let us in, whatever we ask for (401)."""


class UnexpectedResponseError(MisconfigurationError):
    """What came back is not what this backend sends: something else answered in its place."""


class ExperimentUnusableError(MisconfigurationError):
    """One request's own experiment cannot be written to; the traces of other experiments can be delivered."""


class ExperimentRejectedError(ExperimentUnusableError):
    """The backend refuses the name of one request's own experiment: there can be no experiment of that name."""


class MetadataUndeliveredError(DeliveryError):
    """The spans have been taken, on a way of their own; what goes beside them, to another backend, has not."""


class TracesNotFoundError(DeliveryError):
    """The backend does not know the traces of these records yet: their spans are on their way, by way of a collector.

    ``attempts`` is how often it is worth asking for each. With ``may_be_left_out`` one that never comes is no loss: the
    collector samples.
    """

    def __init__(self, records: frozenset[int], *, attempts: int, may_be_left_out: bool) -> None:
        super().__init__("the collector has taken the spans, and MLflow has not got the trace")
        self.records = records
        self.attempts = attempts
        self.may_be_left_out = may_be_left_out


class StorageUnreachableError(RetryableError):
    """The artifact storage is out of reach, for all traces alike: no single trace is to blame."""


class RejectedError(DeliveryError):
    """It will never work: the backend refuses this trace for what it contains."""


class PartiallyRejectedError(RejectedError):
    """The backend refuses some of the batch and has taken all the rest; `reasons` by record id."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__("; ".join(sorted(set(reasons.values()))))
        self.reasons = reasons


class TraceNotFoundError(RejectedError):
    """The backend does not know the trace that a feedback is about: perhaps not yet.

    ``attempts`` is how often it is worth asking where that takes longer than usual.
    """

    def __init__(self, reason: str, fix: str = "", *, attempts: int | None = None) -> None:
        super().__init__(reason, fix)
        self.attempts = attempts
