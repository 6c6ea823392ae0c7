"""Two beside each other in each of several: `in which regions does Tea beat Filter`. Pure."""

from __future__ import annotations

from app.agent.findings.insight import Insight, extremes, is_same, join_words, plural, total_of, view_lines
from app.agent.findings.parts import more_of
from app.agent.table import Table


def describe_pair(table: Table) -> Insight | None:
    """Which of two is higher in more of them, in how many, and in which; None where there are not just two."""
    along = _others(table)
    if not along:
        return None
    (one, first), (other, second) = table.lines(along).items()
    both = [label for label in first if label in second and not is_same(first[label], second[label])]
    higher = [label for label in both if first[label] > second[label]]
    lower = [label for label in both if first[label] < second[label]]
    if not both:
        return None
    high, low, where = (one, other, higher) if len(higher) >= len(lower) else (other, one, lower)
    every = table.labels(along)
    count = f"in {len(where)} of {len(every)} {plural([along])}"
    named = f" ({join_words(list(map(table.label, where)))})" if len(where) < len(every) else ""
    headline = f"{table.label(high)} has {more_of(table.measure)} than {table.label(low)} {count}{named}"
    remarks = (*extremes(table.points, table.unit), *total_of(table))
    return Insight(headline, remarks, view_lines(table, table.dimensions[0]))


def _others(table: Table) -> str:
    """The dimension along which two are beside each other, where it has more than two itself."""
    counts = {dimension: len(table.labels(dimension)) for dimension in table.dimensions}
    pairs = [dimension for dimension, count in counts.items() if count == 2]
    others = [dimension for dimension, count in counts.items() if count > 2]
    return others[0] if pairs and others else ""
