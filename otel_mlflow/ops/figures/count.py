"""All figures of a question, counted in one pass over its traces."""

from __future__ import annotations

import sqlite3
from typing import Protocol

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.figures.chunks import chunks
from otel_mlflow.ops.figures.feedback import FeedbackFigures
from otel_mlflow.ops.figures.over_time import FeedbackOverTime, SpentOverTime
from otel_mlflow.ops.figures.people import People, seen_before
from otel_mlflow.ops.figures.requests import Requests
from otel_mlflow.ops.figures.retention import Retention
from otel_mlflow.ops.figures.traffic import Errors, Kinds, Routes, Totals, TrafficOverTime
from otel_mlflow.ops.figures.use import Unread, Use
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.counting import compared, cut
from otel_mlflow.ops.summary import Figures
from otel_mlflow.pacing import rest_if_due

TIMED = ("duration", "route", "version")
"""Columns of the single traces whose percentiles are wanted, by these."""


class Counted(Protocol):
    """One figure, or some."""

    def add(self, chunk: Chunk) -> None:
        """Count in some more traces."""


def count(db: sqlite3.Connection, question: Question) -> Figures:
    """Count in an index; also what is told of the window before."""
    words = Words(db)
    totals, series, routes, kinds, errors = (
        Totals(),
        TrafficOverTime(question, words),
        Routes(words),
        Kinds(words),
        Errors(words),
    )
    people, requests, feedback = People(words), Requests(), FeedbackFigures(words)
    models, tools, spans, unread = Use("model", words), Use("tool", words), Use("span", words), Unread()
    by_model = SpentOverTime("model", question, words)
    by_user = SpentOverTime("user", question, words)
    feedback_over_time, retention = FeedbackOverTime(question, words), Retention(question, words)
    counted: tuple[Counted, ...] = (totals, series, routes, kinds, errors, people, requests, feedback, models, tools)
    counted += (spans, unread, by_model, by_user, feedback_over_time, retention)
    for chunk in chunks(db, words, question, columns=TIMED):
        for figure in counted:
            figure.add(chunk)
            rest_if_due()
    earlier = seen_before(db, words, question)
    figures = Figures(
        totals=totals.row() | people.totals(earlier),
        series=series.steps(),
        hours=series.hours(),
        routes=routes.rows(),
        services=kinds.services(),
        versions=kinds.versions(),
        statuses=kinds.statuses(),
        errors=errors.rows(),
        models=models.rows(),
        users=people.users(),
        sessions=people.sessions(),
        slowest=requests.slowest(db, words),
        failing=requests.failing(db, words),
        latest=requests.latest(db, words),
        tools=tools.rows(),
        spans=spans.rows(),
        model_series=by_model.rows(),
        user_series=by_user.rows(),
        feedback_series=feedback_over_time.rows(),
        retention=retention.rows(earlier),
        feedback=feedback.rows(),
        disliked=feedback.disliked(db),
        comments=feedback.comments(db),
    )
    figures.missing.extend((*cut(figures), *unread.missing(), *models.missing(), *tools.missing(), *spans.missing()))
    return compared(figures, _count_before(db, words, question.before()))


def _count_before(db: sqlite3.Connection, words: Words, question: Question) -> Figures:
    """What is told of the window before."""
    totals, routes, models, errors = Totals(), Routes(words), Use("model", words), Errors(words)
    counted: tuple[Counted, ...] = (totals, routes, models, errors)
    for chunk in chunks(
        db,
        words,
        question,
        ("all", "by_route", "streamed", "by_model", "model_durations", "by_error"),
        ("duration", "route"),
    ):
        for figure in counted:
            figure.add(chunk)
            rest_if_due()
    return Figures(totals=totals.row(), routes=routes.rows(), models=models.rows(), errors=errors.rows())
