"""Whether the settings let requests be traced at all."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup


def check(setup: Setup) -> CheckResult:
    """See that it is on, and for which share of requests."""
    tracing, sources = setup.settings.tracing, setup.settings.sources
    if not tracing.enabled:
        return fail(f"tracing.enabled is false ({sources['tracing.enabled']})", "set tracing.enabled to true")
    if tracing.sample_rate == 0:
        kept = "failed and slow requests" if tracing.keep_errors else "slow requests"
        return warn(
            f"tracing.sample_rate is 0 ({sources['tracing.sample_rate']}): at most {kept} leave traces",
            "raise tracing.sample_rate",
        )
    http_only = "; successful requests in which nothing but HTTP happened leave none (tracing.http_only_traces)"
    share = f"on, for {tracing.sample_rate:.4%} of requests".replace(".0000%", "%")
    return ok(share + (http_only if tracing.http_only_traces == "drop" else ""))
