"""Which requests are kept."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.http.exchange import Outcome
from otel_mlflow.http.sampling import SamplingDecision, decide, within_rate
from otel_mlflow.settings import TracingSettings

LOWEST, HIGHEST = 0, 2**128 - 1
trace_ids = st.integers(1, HIGHEST)
rates = st.floats(0, 1)


def judged(
    trace_id: int = LOWEST,
    *,
    outcome: Outcome = "ok",
    duration_s: float = 0.01,
    http_only: bool = False,
    **settings: Any,
) -> SamplingDecision:
    """Judge an ordinary request, except for what is said; by its id it is the first that a lower rate drops."""
    return decide(
        trace_id, outcome=outcome, duration_s=duration_s, http_only=http_only, settings=TracingSettings(**settings)
    )


def test_share_of_20_000_ids_is_the_rate() -> None:
    """At a rate of 0.1, between 0.1 - 3 sigma and 0.1 + 3 sigma of random ids are kept."""
    ids = random.Random(20_000)
    kept = sum(within_rate(ids.getrandbits(128), 0.1) for _ in range(20_000))
    sigma = (20_000 * 0.1 * 0.9) ** 0.5
    assert abs(kept - 2_000) < 3 * sigma


def test_another_process_comes_to_the_same_decision() -> None:
    """Nothing of the process goes into the decision: its hash seed, its clock, its start."""
    source = random.Random(0.1)
    ids = [source.getrandbits(128) for _ in range(20_000)]
    program = (
        "import sys; from otel_mlflow.http.sampling import within_rate\n"
        "print([within_rate(int(line), 0.1) for line in sys.stdin])"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], input="\n".join(map(str, ids)), capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == str([within_rate(trace_id, 0.1) for trace_id in ids])


@given(trace_ids)
def test_rate_of_one_keeps_all_and_rate_of_zero_none(trace_id: int) -> None:
    """The ends of the range are exact."""
    assert within_rate(trace_id, 1.0)
    assert not within_rate(trace_id, 0.0)


@given(trace_ids, rates, rates)
def test_higher_rate_keeps_what_a_lower_one_keeps(trace_id: int, one: float, other: float) -> None:
    """Two services with different rates agree on the traces that the stricter one keeps."""
    if within_rate(trace_id, min(one, other)):
        assert within_rate(trace_id, max(one, other))


@given(trace_ids, rates, st.integers(0, 2**72 - 1))
def test_only_the_random_part_of_the_id_decides(trace_id: int, rate: float, upper: int) -> None:
    """Ids whose first bytes are a time stamp are sampled as evenly as any."""
    other = (upper << 56) | (trace_id & (2**56 - 1))
    assert within_rate(other, rate) == within_rate(trace_id, rate)


def test_rejection_threshold_itself_is_kept() -> None:
    """OpenTelemetry's rule: randomness equal to the threshold is in."""
    assert within_rate(2**55, 0.5)
    assert not within_rate(2**55 - 1, 0.5)


@pytest.mark.parametrize(
    ("request_was", "settings", "expected"),
    [
        ({}, {}, "keep"),
        ({}, {"sample_rate": 0}, "sampled_out"),
        ({"outcome": "error"}, {"sample_rate": 0}, "keep"),
        ({"outcome": "error"}, {"sample_rate": 0, "keep_errors": False}, "sampled_out"),
        ({"duration_s": 2.1}, {"sample_rate": 0, "keep_slower_than": 2}, "keep"),
        ({"duration_s": 2.0}, {"sample_rate": 0, "keep_slower_than": 2}, "sampled_out"),
        ({"duration_s": 99}, {"sample_rate": 0}, "sampled_out"),
        ({"http_only": True}, {}, "keep"),
        ({"http_only": True}, {"http_only_traces": "drop"}, "filtered"),
        ({"http_only": False}, {"http_only_traces": "drop"}, "keep"),
        ({"http_only": True, "outcome": "error"}, {"http_only_traces": "drop"}, "keep"),
        ({"http_only": True, "outcome": "error"}, {"http_only_traces": "drop", "keep_errors": False}, "keep"),
        ({"http_only": True, "outcome": "cancelled"}, {"http_only_traces": "drop"}, "keep"),
        ({"outcome": "cancelled"}, {"sample_rate": 0}, "sampled_out"),
        ({"http_only": True, "duration_s": 9}, {"http_only_traces": "drop", "keep_slower_than": 2}, "filtered"),
        ({"http_only": True}, {"http_only_traces": "drop", "sample_rate": 0}, "filtered"),
    ],
)
def test_decision(request_was: dict[str, Any], settings: dict[str, Any], expected: SamplingDecision) -> None:
    """Polling goes first, then failures and slowness keep, then the rate decides."""
    assert judged(**request_was, **settings) == expected
