"""Kinds of rollups: relations that stand for the rows of another one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from otel_mlflow.ops.index.bands import BAND
from otel_mlflow.ops.index.columns import Array, Columns, joined
from otel_mlflow.ops.index.derived import derived
from otel_mlflow.ops.sources.base import MOST_ROWS

TIME = "time"


class Rollup(Protocol):
    """A relation that is made of another one, `relation`."""

    @property
    def relation(self) -> str:
        """Of which."""

    @property
    def is_timed(self) -> bool:
        """Whether figures ask when within the hour it was."""

    @property
    def only(self) -> str | None:
        """The column that marks the rows that are meant; without it, all are."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What figures read of it; the time, too, where it is kept."""

    def reduced(self, rows: Columns) -> Columns:
        """What the rows of an hour come down to, in the order of bands. There is at least one."""


@dataclass(frozen=True)
class GroupedRows:
    """Rows added up by `keys`; of `firsts` the smallest is kept, of `lasts` the largest."""

    relation: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    firsts: tuple[str, ...] = ()
    lasts: tuple[str, ...] = ()
    only: str | None = None
    is_timed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """What figures read of it."""
        return (*self.keys, *self.sums, *self.firsts, *self.lasts)

    def reduced(self, rows: Columns) -> Columns:
        """A row for each combination of band and keys."""
        order, begins = self._groups(rows)
        found = {name: rows[name][order[begins]] for name in (BAND, *self.keys)}
        for names, add in ((self.sums, np.add), (self.firsts, np.minimum), (self.lasts, np.maximum)):
            found.update({name: add.reduceat(_wide(rows[name])[order], begins) for name in names})
        return found

    def _groups(self, rows: Columns) -> tuple[Array, Array]:
        """The rows in the order of their keys, and where each combination begins."""
        combined = rows[BAND].astype(np.int64)
        for name in self.keys:
            combined = combined * (int(rows[name].max()) + 1) + rows[name]
        order = np.argsort(combined)
        return order, np.flatnonzero(np.diff(combined[order], prepend=-1))


@dataclass(frozen=True)
class ChosenRows:
    """Rows as they are: all that are meant, or of each band those with the largest `by`."""

    relation: str
    columns: tuple[str, ...]
    only: str
    by: str | None = None
    is_timed: bool = False

    def reduced(self, rows: Columns) -> Columns:
        """The rows that are kept."""
        order = np.argsort(rows[BAND], kind="stable")
        if self.by:
            begins = np.flatnonzero(np.diff(rows[BAND][order])) + 1
            bands = np.split(order, begins)
            order = joined([band[rows_of_largest(rows[self.by][band], rows[TIME][band])] for band in bands])
        return {name: rows[name][order] for name in (BAND, *self.columns)}


def rows_of(rollup: Rollup, columns: Columns, names: Iterable[str]) -> Columns:
    """The rows of its relation that a rollup stands for, with these columns."""
    if rollup.only is None:
        return {name: derived(rollup.relation, columns, name) for name in names}
    meant = np.flatnonzero(derived(rollup.relation, columns, rollup.only) > 0)
    return {name: derived(rollup.relation, columns, name)[meant] for name in names}


def rows_of_largest(values: Array, times: Array) -> Array:
    """The rows with the largest values, of equal values the latest; with all that are equal in both to the last."""
    if len(values) <= MOST_ROWS:
        return np.arange(len(values))
    least = np.partition(values, -MOST_ROWS)[-MOST_ROWS]
    equal = np.flatnonzero(values == least)
    if len(equal) > MOST_ROWS:
        equal = equal[times[equal] >= np.partition(times[equal], -MOST_ROWS)[-MOST_ROWS]]
    return np.concatenate((np.flatnonzero(values > least), equal))


def no_rows(names: Iterable[str]) -> Columns:
    """Columns of nothing."""
    return {name: np.zeros(0, np.int64) for name in names}


def _wide(column: Array) -> Array:
    """So that sums have room."""
    return column if column.dtype.kind == "f" else column.astype(np.int64)
