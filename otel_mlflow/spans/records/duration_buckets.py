"""Durations in log-linear buckets, as HdrHistogram's: counts of them add up over calls, traces and hours.

Whole ms have a bucket each below 128, then there are 64 to each doubling: percentiles of buckets are off by less than
0.8 %.
"""

from __future__ import annotations

PRECISION = 7
"""Significant bits of a duration that are kept."""

STEPS = 1 << (PRECISION - 1)
"""Buckets to each doubling."""

BUCKETS = 2048
"""How many there are: far more than three months of ms need."""

UNKNOWN = BUCKETS - 1
"""The bucket of calls of which nobody knows how long each one took."""


def bucket_of(duration_ms: int) -> int:
    """The bucket of a duration."""
    if duration_ms < 2 * STEPS:
        return duration_ms
    shift = max(duration_ms.bit_length() - PRECISION, 0)
    rounded = (duration_ms + (1 << shift >> 1)) >> shift
    return min(shift * STEPS + rounded, UNKNOWN - 1)
