"""Which finding a query wants, and what the rows can give. Pure."""

from __future__ import annotations

from app.agent.findings.averages import tell_averages
from app.agent.findings.course import tell_course
from app.agent.findings.grid import tell_grid
from app.agent.findings.growth import tell_growth
from app.agent.findings.outliers import tell_outliers
from app.agent.findings.parts import tell_figure, tell_parts
from app.agent.findings.ranking import tell_ranking
from app.agent.findings.shares import tell_shares
from app.agent.findings.thresholds import tell_threshold
from app.agent.findings.told import Told
from app.agent.table import Table
from app.questions.query import Query


def tell(query: Query, table: Table) -> Told:
    """Say what was asked for; what the rows show at large where they cannot say that."""
    return _tell_focus(query, table) or _tell_limits(query, table) or _tell_at_large(table)


def _tell_focus(query: Query, table: Table) -> Told | None:
    if query.threshold or len(table.rows) < 2:
        return None
    if query.focus == "growth":
        return tell_growth(table, query.ranking)
    if query.focus == "share":
        return tell_shares(table, query)
    if query.focus == "average" or query.focus == "median":
        return tell_averages(table, query.ranking, query.focus)
    return tell_outliers(table, query.months) if query.focus == "outliers" else None


def _tell_limits(query: Query, table: Table) -> Told | None:
    if query.threshold:
        return tell_threshold(table, query.threshold, of_shares=query.focus == "share")
    return tell_ranking(table, query.ranking) if query.ranking and len(table.rows) > 1 else None


def _tell_at_large(table: Table) -> Told:
    if len(table.rows) == 1:
        return tell_figure(table)
    if len(table.dimensions) == 2:
        return tell_grid(table)
    return tell_course(table) if table.times else tell_parts(table)
