"""Which finding a query wants, and what the rows can give. Pure."""

from __future__ import annotations

from app.agent.findings.average_growth import describe_average_growth
from app.agent.findings.averages import describe_averages
from app.agent.findings.course import describe_course
from app.agent.findings.grid import describe_grid
from app.agent.findings.growth import describe_growth
from app.agent.findings.growth_limit import describe_growth_limit
from app.agent.findings.insight import Insight
from app.agent.findings.outliers import describe_outliers
from app.agent.findings.parts import describe_figure, describe_parts
from app.agent.findings.ranking import describe_ranking
from app.agent.findings.running_total import describe_running_total
from app.agent.findings.shares import describe_shares
from app.agent.findings.thresholds import describe_threshold
from app.agent.table import Table
from app.questions.query import Query


def describe(query: Query, table: Table) -> Insight:
    """Say what was asked for; what the rows show at large where they cannot say that."""
    return _describe_focus(query, table) or _describe_limits(query, table) or _describe_at_large(table)


def _describe_focus(query: Query, table: Table) -> Insight | None:
    if query.focus == "growth" and query.threshold:
        return describe_growth_limit(table, query.threshold)
    if query.focus == "running total":
        return describe_running_total(table, query.threshold) if len(table.rows) > 1 else None
    if query.threshold or len(table.rows) < 2:
        return None
    if query.focus == "growth":
        return describe_growth(table, query.ranking)
    if query.focus == "average growth":
        return describe_average_growth(table, query.ranking)
    if query.focus == "share":
        return describe_shares(table, query)
    if query.focus == "average" or query.focus == "median":
        return describe_averages(table, query.ranking, query.focus)
    return describe_outliers(table, query.months) if query.focus == "outliers" else None


def _describe_limits(query: Query, table: Table) -> Insight | None:
    if query.threshold and query.focus != "growth":
        return describe_threshold(table, query.threshold, of_shares=query.focus == "share")
    return describe_ranking(table, query.ranking) if query.ranking and len(table.rows) > 1 else None


def _describe_at_large(table: Table) -> Insight:
    if len(table.rows) == 1:
        return describe_figure(table)
    if len(table.dimensions) == 2:
        return describe_grid(table)
    return describe_course(table) if table.times else describe_parts(table)
