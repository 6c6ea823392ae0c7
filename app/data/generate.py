"""Write sales.csv: the made-up figures of a coffee roastery that does not exist.

`python -m app.data.generate` writes the file anew, always the same. The figures hold stories worth telling: North
grows, West shrinks, cold brew sells in summer, and one order in November 2024 stands out.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from random import Random

SALES_CSV = Path(__file__).with_name("sales.csv")
COLUMNS = ("month", "region", "product", "units", "revenue", "cost", "returned")

# name: units a month at the start, growth a month
REGIONS = {"North": (900, 1.021), "South": (760, 1.004), "East": (640, 1.009), "West": (820, 0.982)}
# name: share of a region's units, price, cost, share returned, weight of summer
PRODUCTS = {
    "Espresso": (0.40, 9.0, 4.1, 0.012, -0.10),
    "Filter": (0.28, 7.5, 3.9, 0.018, -0.05),
    "Cold Brew": (0.18, 6.0, 2.2, 0.025, 0.60),
    "Tea": (0.14, 5.0, 2.6, 0.009, -0.15),
}
SUMMER = (6, 7, 8)
BIG_ORDER = ("2024-11", "East", "Espresso")
BIG_ORDER_UNITS = 1400


def main() -> None:
    """Write the file beside this module."""
    SALES_CSV.write_text(sales_csv(), encoding="utf-8")


def sales_csv() -> str:
    """The whole data set, as the file holds it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    chance = Random(20240101)  # noqa: S311 - made-up figures, the same at each run
    for elapsed in range(24):
        for region in REGIONS:
            writer.writerows(_row(elapsed, region, product, chance) for product in PRODUCTS)
    return out.getvalue()


def _row(elapsed: int, region: str, product: str, chance: Random) -> tuple[str, str, str, int, float, float, int]:
    month = f"{2023 + elapsed // 12}-{elapsed % 12 + 1:02d}"
    _, price, cost, returned, _ = PRODUCTS[product]
    units = _units(elapsed, region, product, chance)
    if (month, region, product) == BIG_ORDER:
        units += BIG_ORDER_UNITS
    return (month, region, product, units, round(units * price, 2), round(units * cost, 2), round(units * returned))


def _units(elapsed: int, region: str, product: str, chance: Random) -> int:
    start, growth = REGIONS[region]
    share, *_, summer = PRODUCTS[product]
    season = 1 + summer if elapsed % 12 + 1 in SUMMER else 1.0
    return round(start * share * growth**elapsed * season * chance.uniform(0.95, 1.05))


if __name__ == "__main__":
    main()
