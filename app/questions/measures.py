"""What can be measured in the bundled data: names, units, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One measure. `column` ends in its unit; only what adds up has totals and shares."""

    name: str
    column: str
    adds_up: bool = True
    higher_is_better: bool = True

    @property
    def is_percentage(self) -> bool:
        """Whether it is told in percent, and its changes in points."""
        return self.column.endswith("_percent")


_ALL = (
    Measure("revenue", "revenue_eur"),
    Measure("cost", "cost_eur", higher_is_better=False),
    Measure("profit", "profit_eur"),
    Measure("profit margin", "profit_margin_percent", adds_up=False),
    Measure("units", "units"),
    Measure("returned units", "returned_units", higher_is_better=False),
    Measure("return rate", "return_rate_percent", adds_up=False, higher_is_better=False),
    Measure("price per unit", "price_per_unit_eur", adds_up=False),
    Measure("profit per unit", "profit_per_unit_eur", adds_up=False),
    Measure("cost per unit", "cost_per_unit_eur", adds_up=False, higher_is_better=False),
)
MEASURES = {measure.name: measure for measure in _ALL}
DEFAULT_MEASURE = "revenue"
RATIOS = {frozenset({"profit", "revenue"}): "profit margin", frozenset({"returned units", "units"}): "return rate"}
"""What the share of one measure in another is called."""


def measure_named(name: str) -> Measure:
    """The measure; one that the data do not know is a plain number."""
    return MEASURES.get(name) or Measure(name, name.replace(" ", "_"))
