"""Figures as JSON: addresses of traces, and what of people is shown."""

from __future__ import annotations

from otel_mlflow.ops.question import Question
from otel_mlflow.ops.summary import Disclosure, Figures, Missing, Summary, trace_url
from otel_mlflow.status import Experiment

HERE = Experiment("1", "configured", "http://127.0.0.1:5000/#/experiments/1")


def test_a_trace_of_another_experiment_has_that_one_s_address() -> None:
    """`experiment_for` put it there."""
    assert trace_url(HERE, "7", "tr-1") == "http://127.0.0.1:5000/#/experiments/7/traces?selectedEvaluationId=tr-1"
    assert trace_url(HERE, None, "tr-1").startswith("http://127.0.0.1:5000/#/experiments/1/")


def test_a_store_without_a_ui_has_no_addresses() -> None:
    """A database file is nothing to click on."""
    assert trace_url(Experiment("1", "local", ""), "1", "tr-1") == ""


def test_users_and_texts_are_shown_as_they_may_be() -> None:
    """By name or pseudonym; whole or not at all."""
    row = {"user": "ada@example.com", "requests": 1}
    comment = {"name": "comment", "value": "my own words", "time": 0, "trace_id": "tr-1", "experiment": "1"}
    summary = Summary(Question(0, 1000), "a store", HERE, Figures(users=[row], comments=[comment]))
    hidden = summary.to_dict(Disclosure(pseudonym=lambda user: f"user {len(user)}"))
    assert (hidden["users"][0]["user"], hidden["comments"]) == ("user 15", [])
    told = summary.to_dict(Disclosure(texts=True))
    assert (told["users"][0]["user"], told["comments"][0]["value"]) == ("ada@example.com", "my own words")


def test_a_summary_that_is_behind_says_so() -> None:
    """It is not kept as an answer; one of which something cannot be had at all is."""
    figures = Figures(missing=[Missing("models", "the spans cannot be read")])
    assert not Summary(Question(0, 1000), "a store", HERE, figures).is_behind
    figures.missing.append(Missing("totals", "behind: 1 of 2 traces"))
    assert Summary(Question(0, 1000), "a store", HERE, figures).is_behind
