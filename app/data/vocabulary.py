"""The words that questions about the sales data are made of, and how a sentence is read with them. Pure.

Both sides read the same way: the data source to write SQL, and the rule-based model to plan what to ask.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

Dimension = Literal["region", "product", "month", "quarter", "year"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
OVER_TIME: frozenset[str] = frozenset({"month", "quarter", "year"})

# measure: the words that mean it, most telling first
MEASURES: dict[str, tuple[str, ...]] = {
    "return rate": ("return rate", "returned share"),
    "profit margin": ("profit margin", "margin"),
    "profit": ("profit", "earnings"),
    "revenue": ("revenue", "sales", "turnover", "income"),
    "cost": ("cost", "costs", "spending"),
    "returned units": ("returned units", "returns"),
    "units": ("units", "volume", "quantity"),
}
REGIONS = ("North", "South", "East", "West")
PRODUCTS = ("Espresso", "Filter", "Cold Brew", "Tea")

_DIMENSION_WORDS: dict[Dimension, str] = {
    "quarter": r"quarters?|quarterly",
    "year": r"by years?|per year|yearly|annual(?:ly)?|year over year",
    "month": r"months?|monthly|over time|trends?|develop\w*|evolv\w*|changed?",
    "region": r"regions?|regional(?:ly)?|where",
    "product": r"products?|sellers?",
}
_UNKNOWN_MEASURE = re.compile(r"\b([a-z]\w*) (?:by|per) (?:region|product|month|quarter|year)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What a sentence asks for. `measure` may be a word that the data do not know; None: no measure was named."""

    measure: str | None = None
    dimension: Dimension | None = None
    filters: dict[str, str] = field(default_factory=dict)

    @property
    def understood(self) -> bool:
        """Whether anything in the sentence was about the data at all."""
        return bool(self.measure or self.dimension or self.filters)

    def in_words(self) -> str:
        """The same as a sentence that reads back as this."""
        return f"{self.measure or 'revenue'} by {self.dimension or 'region'}{self.scope()}"

    def scope(self) -> str:
        """The filters as words: ` in 2024 for North`."""
        return self.when() + self.where()

    def when(self) -> str:
        """The filters on time as words: ` in Q4 2024`."""
        named = " ".join(self.filters[key] for key in ("quarter", "year") if key in self.filters)
        return f" in {named}" if named else ""

    def where(self) -> str:
        """The other filters as words: ` for North for Tea`."""
        return "".join(f" for {self.filters[key]}" for key in ("region", "product") if key in self.filters)


def read(sentence: str) -> Reading:
    """Read a question in plain English."""
    return Reading(_measure(sentence), _dimension(sentence), _filters(sentence))


def _measure(sentence: str) -> str | None:
    for measure, words in MEASURES.items():
        if any(_says(sentence, word) for word in words):
            return measure
    unknown = _UNKNOWN_MEASURE.search(sentence)
    return unknown.group(1).lower() if unknown else None


def _dimension(sentence: str) -> Dimension | None:
    asked = re.search(rf"\b(?:by|per) ({'|'.join(DIMENSIONS)})\b", sentence, re.IGNORECASE)
    if asked:
        return next(name for name in DIMENSIONS if name == asked.group(1).lower())
    return next((name for name, words in _DIMENSION_WORDS.items() if _matches(sentence, words)), None)


def _filters(sentence: str) -> dict[str, str]:
    found = {
        "region": next((name for name in REGIONS if _says(sentence, name)), None),
        "product": next((name for name in PRODUCTS if _says(sentence, name)), None),
        "quarter": _first(sentence, r"Q[1-4]"),
        "year": _first(sentence, r"(?:19|20)\d\d"),
    }
    return {key: value for key, value in found.items() if value}


def _first(sentence: str, pattern: str) -> str | None:
    match = re.search(rf"\b{pattern}\b", sentence, re.IGNORECASE)
    return match.group(0).upper() if match else None


def _says(sentence: str, word: str) -> bool:
    return _matches(sentence, re.escape(word))


def _matches(sentence: str, pattern: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", sentence, re.IGNORECASE) is not None
