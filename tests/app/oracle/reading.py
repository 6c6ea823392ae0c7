"""How figures and names are read off a slide."""

from __future__ import annotations

import re

VALUE = r"[−+]?€?[\d,]+(?:\.\d+)?%?"  # noqa: RUF001
CHANGE = r"[−+]?[\d,]+(?:\.\d+)?(?:%| points)"  # noqa: RUF001


def number(written: str) -> float:
    """The figure that was written."""
    plain = re.sub(r"[€,%+]| points", "", written).replace("−", "-")  # noqa: RUF001
    return float(plain)


def is_right(written: str, value: float) -> bool:
    """Whether this is the value, to the last digit that was written."""
    decimals = len(re.search(r"(?:\.(\d+))?(?=%| points|$)", written)[1] or "")  # type: ignore[index]
    return bool(abs(number(written) - value) <= 0.5 * 10**-decimals + 1e-4)


def names(words: str) -> tuple[list[str], int]:
    """`A, B and C`, or `A and 3 more`: the names, and how many there are in all."""
    more = re.search(r" and (\d+) more$", words)
    listed = re.split(r", | and ", words[: more.start()] if more else words)
    return listed, len(listed) + (int(more[1]) if more else 0)


def run_names(words: str, every: list[str]) -> list[str]:
    """`A, B and D to F`: the names, those between the ends of a run included."""
    ends = [run.split(" to ") for run in re.split(r", | and ", words)]
    return [name for run in ends for name in every[every.index(run[0]) : every.index(run[-1]) + 1]]


def pairs(words: str) -> list[tuple[str, str]]:
    """`A (€1) and B (€2)`: names with what is written of them."""
    found = re.findall(r"(?:^|, | and |^from | to )([^,()]+?) \(([^)]+)\)", words)
    return [(name.removeprefix("from "), written) for name, written in found]


def moved(before: float, after: float, unit: str) -> float:
    """The change: points for percentages, percent for all else."""
    return after - before if unit == "percent" else 100 * (after - before) / abs(before)
