"""The experiment of one request, where it is none: the choice is lost, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast

import pytest

from otel_mlflow.delivery.experiment_choice import (
    LONGEST_NAME,
    REJECTED_TAG,
    to_configured_experiment,
    with_valid_experiment,
)
from otel_mlflow.delivery.records import SpooledTrace
from tests.delivering import trace


@pytest.mark.parametrize("name", [None, "agent", "/Users/me@x.com/agent", "Ärzte 1", "x" * LONGEST_NAME])
def test_a_name_that_may_be_one_stays(name: str | None) -> None:
    """Whether it is one, the backend says."""
    record = trace(experiment=name)
    assert with_valid_experiment(record) is record


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (5, "no text but int"),
        (b"agent", "no text but bytes"),
        (object(), "no text but object"),
        ("", "names nothing"),
        ("//", "names nothing"),
        ("a\x00b", "cannot be printed"),
        ("a\nb", "cannot be printed"),
        ("a\ud800b", "cannot be printed"),
        ("x" * (LONGEST_NAME + 1), "501 characters"),
    ],
)
def test_a_name_that_is_none_becomes_a_tag(name: Any, why: str) -> None:
    """The trace goes to the configured experiment, and is sent with its info, which has the tag."""
    record = with_valid_experiment(trace(experiment=cast(str, name)))
    info = json.loads(record.info)
    assert record.experiment is None
    assert why in info["tags"][REJECTED_TAG]
    assert info["tags"]["http.route"] == "/route"
    assert info["needs_request"]


def test_a_fragment_goes_where_its_trace_goes() -> None:
    """It has no info to put a tag into."""
    assert with_valid_experiment(trace(experiment="", info=b"")).info == b""


def test_a_rejected_name_becomes_a_tag_too() -> None:
    """With the backend's reason."""
    record = trace(experiment="?")
    sent = to_configured_experiment(SpooledTrace(1, record.trace_id, record.spans, record.info, "?"), "no such names")
    assert sent.experiment is None
    assert json.loads(sent.info)["tags"][REJECTED_TAG] == "?: no such names"
    assert dataclasses.replace(sent, info=b"").spans == record.spans
