"""Callers that trace into MLflow, with and without a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from otel_mlflow.delivery.destinations import DEFAULT_EXPERIMENT
from otel_mlflow.spans.caller_key import CallerKey

KEY = "one key for all services of ours"
OTHER_KEY = "the key of somebody else"
TRACE, SPAN = f"{7:032x}", f"{9:016x}"
SAMPLED = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
NOT_SAMPLED = {"traceparent": f"00-{TRACE}-{SPAN}-00"}


def signed(span: str = f"{TRACE}-{SPAN}", *, key: str = KEY, experiment: str | None = None) -> str:
    """How a service with this key names a span in `tracestate`; the experiment is the default's."""
    return f"otelmlflow={CallerKey(key).signed(span, experiment or DEFAULT_EXPERIMENT)}"


class SignedHeaders(Mapping[str, str]):
    """The headers of a caller that traces into MLflow, signed when they are read: a signature holds for minutes."""

    def __getitem__(self, name: str) -> str:
        return signed() if name == "tracestate" else SAMPLED[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*SAMPLED, "tracestate"])

    def __len__(self) -> int:
        return len(SAMPLED) + 1
