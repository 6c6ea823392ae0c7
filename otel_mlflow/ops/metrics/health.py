"""How delivery is doing, as metrics: read from the spool that all workers of the host share, when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, get_args

from opentelemetry.metrics import CallbackOptions, Observation

from otel_mlflow.status import State, Status

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

REQUESTS = "otel_mlflow.requests"
TRACES = "otel_mlflow.traces"
WAITING = "otel_mlflow.spool.traces"
SPOOL_SIZE = "otel_mlflow.spool.size"
OLDEST_AGE = "otel_mlflow.spool.oldest.age"
STATE = "otel_mlflow.state"

FATES = ("excluded", "sampled_out", "filtered", "traced")
ENDS = ("delivered", "dropped")
WAITS = ("pending", "quarantined")

GetStatus = Callable[[], Status]


def observe(meter: Meter, get_status: GetStatus) -> None:
    """Put the status on a meter: counters of section 6 of the contract, the spool, and the state."""

    def counted(names: Iterable[str], attribute: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def count(_: CallbackOptions) -> Iterable[Observation]:
            counts = asdict(get_status().counts)
            return [Observation(counts[name], {attribute: name}) for name in names]

        return count

    meter.create_observable_counter(
        REQUESTS, [counted(FATES, "fate")], "{request}", "Requests seen on this host, by what became of them."
    )
    meter.create_observable_counter(TRACES, [counted(ENDS, "fate")], "{trace}", "Traces that left the spool.")
    meter.create_observable_gauge(WAITING, [counted(WAITS, "state")], "{trace}", "Traces in the spool.")
    meter.create_observable_gauge(
        SPOOL_SIZE, [lambda _: [Observation(get_status().spool.bytes)]], "By", "Bytes of the spool."
    )
    meter.create_observable_gauge(
        OLDEST_AGE,
        [lambda _: [Observation(get_status().spool.oldest_age_seconds or 0.0)]],
        "s",
        "Age of the oldest record that waits for delivery; 0 when nothing does.",
    )
    meter.create_observable_gauge(
        STATE,
        [lambda _: [Observation(int(get_status().state == state), {"state": state}) for state in get_args(State)]],
        "1",
        "1 for the state that tracing is in, 0 for the others.",
    )
