"""The bundled figures, read and added up by hand: the words of a query go in, the rows that are right come out."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CSV = Path(__file__).parents[3] / "app" / "data" / "sales.csv"
REGIONS = {"North", "South", "East", "West"}
PRODUCTS = {"Espresso", "Filter", "Cold Brew", "Tea"}
MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024) for month in range(1, 13)]
MEASURES = {
    "revenue": ("revenue", None, "eur"),
    "cost": ("cost", None, "eur"),
    "profit": ("profit", None, "eur"),
    "units": ("units", None, "number"),
    "returned units": ("returned", None, "number"),
    "profit margin": ("profit", "revenue", "percent"),
    "return rate": ("returned", "units", "percent"),
    "price per unit": ("revenue", "units", "each"),
    "cost per unit": ("cost", "units", "each"),
    "profit per unit": ("profit", "units", "each"),
}
TIMES = ("month", "quarter", "half", "year")
SEASONS = {"Spring": (3, 4, 5), "Summer": (6, 7, 8), "Autumn": (9, 10, 11), "Winter": (12, 1, 2)}
_QUERY = re.compile(
    rf"(?P<measure>{'|'.join(sorted(MEASURES, key=len, reverse=True))})(?: by (?P<split>\w+(?: and \w+)?))?"
    r"(?P<scope>[^,]*(?:, (?:North|South|East|West|Espresso|Filter|Cold Brew|Tea)\b[^,]*)*)(?P<ops>(?:, .+)?)"
)


@dataclass(frozen=True)
class Question:
    """The words of a query, taken apart."""

    measure: str
    split: tuple[str, ...]
    months: frozenset[str]
    regions: frozenset[str]
    products: frozenset[str]
    ops: tuple[str, ...]
    chosen: frozenset[str]
    """`region` and `product`, where some of them are named as wanted."""

    @property
    def unit(self) -> str:
        """`eur`, `each`, `percent` or `number`."""
        return MEASURES[self.measure][2]

    @property
    def adds_up(self) -> bool:
        """Whether sums of its figures mean anything."""
        return MEASURES[self.measure][1] is None


Rows = dict[tuple[str, ...], float]


def parse(words: str) -> Question:
    """Take the words of a query apart. They must be of the known form to the last word."""
    match = _QUERY.fullmatch(words.replace(" together", ""))
    assert match, f"not the words of a query: {words!r}"
    split = tuple(match["split"].split(" and ")) if match["split"] else ()
    assert all(one in (*TIMES, "region", "product", "season") for one in split), words
    months, rest = _months(match["scope"])
    regions, products, wanted = set(REGIONS), set(PRODUCTS), set[str]()
    for group in re.findall(r" (?:for|except|in) [^,]*?(?=(?: (?:for|except|in) )|$)", rest.replace(", ", " and ")):
        verb, _, names = group.strip().partition(" ")
        for part, known, chosen in (("region", REGIONS, regions), ("product", PRODUCTS, products)):
            named = {name for name in names.split(" and ") if name in known}
            if named:
                chosen.intersection_update(named if verb != "except" else known - named)
                wanted |= {part} if verb != "except" else set()
        assert all(name in REGIONS | PRODUCTS for name in names.split(" and ")), (words, names)
    ops = tuple(filter(None, match["ops"].split(", ")))
    return Question(
        match["measure"], split, frozenset(months), frozenset(regions), frozenset(products), ops, frozenset(wanted)
    )


def _months(scope: str) -> tuple[set[str], str]:
    """The months of the part of the scope that speaks of time, and the rest."""
    time = rf"(?:(?:{'|'.join(MONTH_NAMES)}|Q[1-4]|H[12]) )?(?:19|20)\d\d"
    span = rf"(?:{time}(?: to {time})?|spring|summer|autumn|winter)"
    match = re.match(rf" (in|from|except) ({span}(?: and {span})*)(?= |$)", scope)
    if not match:
        return set(MONTHS), scope
    named = {month for one in match[2].split(" and ") for month in span_months(one)}
    return (set(MONTHS) - named if match[1] == "except" else named), scope[match.end() :]


def span_months(words: str) -> list[str]:
    """`Q4 2024`, `Nov 2024`, `2024`, `Mar 2024 to Jun 2024`: its months."""
    if words.capitalize() in SEASONS:
        return [month for month in MONTHS if int(month[5:]) in SEASONS[words.capitalize()]]
    first, _, last = words.partition(" to ")
    if last:
        return [month for month in MONTHS if span_months(first)[0] <= month <= span_months(last)[-1]]
    *part, year = words.split()
    if not part:
        numbers = range(1, 13)
    elif part[0] in MONTH_NAMES:
        numbers = range(MONTH_NAMES.index(part[0]) + 1, MONTH_NAMES.index(part[0]) + 2)
    else:
        size = 3 if part[0][0] == "Q" else 6
        numbers = range((int(part[0][1]) - 1) * size + 1, int(part[0][1]) * size + 1)
    return [f"{year}-{number:02d}" for number in numbers]


def label(month: str, dimension: str, *, within_year: bool) -> str:
    """How rows of a dimension name the time that a month is in."""
    year, number = month[:4], int(month[5:])
    name = {
        "month": MONTH_NAMES[number - 1],
        "quarter": f"Q{(number + 2) // 3}",
        "half": f"H{(number + 5) // 6}",
        "year": "",
    }[dimension]
    return year if dimension == "year" else name if within_year else f"{name} {year}"


@cache
def _data() -> list[dict[str, str]]:
    with CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(question: Question) -> Rows:
    """The figures, by their labels as people write them."""
    top, bottom = defaultdict[tuple[str, ...], float](float), defaultdict[tuple[str, ...], float](float)
    numerator, denominator, _ = MEASURES[question.measure]
    for row in _data():
        if (
            row["month"] in question.months
            and row["region"] in question.regions
            and row["product"] in question.products
        ):
            key = tuple(_label(row, one, question) for one in question.split)
            top[key] += _amount(row, numerator)
            bottom[key] += _amount(row, denominator) if denominator else 0.0
    scale = 100 if question.unit == "percent" else 1
    return {
        key: round(scale * value / bottom[key], 9) if denominator else round(value, 4) for key, value in top.items()
    }


def _label(row: dict[str, str], dimension: str, question: Question) -> str:
    if dimension in ("region", "product"):
        return row[dimension]
    if dimension == "season":
        return next(name for name, numbers in SEASONS.items() if int(row["month"][5:]) in numbers)
    return label(row["month"], dimension, within_year="year" in question.split)


def _amount(row: dict[str, str], name: str) -> float:
    return float(row["revenue"]) - float(row["cost"]) if name == "profit" else float(row[name])
