"""Which finished requests are kept. Pure: the trace id is the only dice, so every process throws the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Outcome
    from otel_mlflow.settings import TracingSettings

SamplingDecision = Literal["keep", "sampled_out", "filtered"]

RANDOM_BITS = 56
"""How much of a trace id W3C Trace Context (level 2) promises to be random: its last seven bytes."""


def decide(
    trace_id: int,
    *,
    outcome: Outcome,
    duration_s: float,
    http_only: bool,
    settings: TracingSettings,
    is_sampled: bool = True,
) -> SamplingDecision:
    """Decide on one request that is over.

    `outcome` is "error" where it ended with an exception or a 5xx, `duration_s` what its caller waited in seconds,
    `http_only` one in which no span but the HTTP span was opened or can follow, `is_sampled` False where its caller,
    who decides for all services of one owner, has dropped its trace.

    Polling is filtered first: a fast rate or a slow answer does not make a trace of nothing worth keeping.
    """
    if http_only and outcome == "ok" and settings.http_only_traces == "drop":
        return "filtered"
    if outcome == "error" and settings.keep_errors:
        return "keep"
    if settings.keep_slower_than is not None and duration_s > settings.keep_slower_than:
        return "keep"
    return "keep" if is_sampled and within_rate(trace_id, settings.sample_rate) else "sampled_out"


def within_rate(trace_id: int, rate: float) -> bool:
    """Decide by trace id alone whether a trace belongs to the share `rate` (0 to 1) of all.

    The rule is OpenTelemetry's consistent probability sampling: keep what is not below the rejection threshold,
    so that what a low rate keeps, a higher one keeps too.
    """
    if rate >= 1:
        return True
    randomness = trace_id & ((1 << RANDOM_BITS) - 1)
    return randomness >= round((1 - rate) * (1 << RANDOM_BITS))
