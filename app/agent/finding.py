"""One answered question: what was asked, the rows, and what they say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.agent.findings.describe import describe
from app.agent.findings.insight import Insight
from app.agent.table import Table
from app.questions.months import ALL, is_one_run, months_of_label, name_of, whole_seasons
from app.questions.query import PARTS, Query


@dataclass(frozen=True)
class Finding:
    """A query and the rows that answer it."""

    asked: Query
    table: Table

    @cached_property
    def insight(self) -> Insight:
        """What the rows say."""
        return describe(self.asked, self.table)

    @property
    def topic(self) -> str:
        """What it is about, without the finding."""
        words = self.asked.topic()
        return words[:1].upper() + words[1:]

    @property
    def title(self) -> str:
        """What the rows say, and of which part of the data."""
        return f"{self.insight.headline}{self._when()}{self._where()}{self.asked.together()}{self.insight.aside}"

    def _when(self) -> str:
        """The time, unless the headline names it."""
        asked = self.asked
        is_named = self.insight.names_time and self._time_is_named()
        if is_named or self._seasons_are_named() or (asked.focus == "outliers" and asked.marks_months):
            return ""
        return asked.when() or ("" if asked.split else f" from {name_of(ALL)}")

    def _where(self) -> str:
        """The regions and products, unless the headline names them all."""
        asked = self.asked
        for part in PARTS:
            names = asked.members(part).names
            is_named = part in asked.split and all(one in self.insight.headline for one in names)
            is_told = is_named or (part == asked.share_of and asked.threshold is None)
            asked = asked.without_filter(part) if is_told and not asked.members(part).excluded else asked
        return asked.where()

    def _seasons_are_named(self) -> bool:
        """Whether the headline names the seasons that are meant, each of them whole."""
        seasons = whole_seasons(self.asked.months) if "season" in self.asked.split else []
        return bool(seasons) and all(season in self.insight.headline for season in seasons)

    def _time_is_named(self) -> bool:
        """Whether the first and the last time that the rows name are the time that was asked for."""
        times = self.table.times
        labels = self.table.labels(times[-1]) if times else []
        named = tuple(sorted(month for label in labels for month in months_of_label(label)))
        return named == (self.asked.months or ALL) and (len(labels) == 2 or is_one_run(named))
