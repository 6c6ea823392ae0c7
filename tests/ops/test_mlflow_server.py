"""What an MLflow server counts is what the seed gives by hand; what it cannot count is told as missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.ops.sources.mlflow_server import MlflowServer as Source
from otel_mlflow.ops.summary import LISTS
from tests.ops import expected, seed
from tests.ops.comparing import close, without
from tests.ops.conftest import EXPERIMENT, SEEDED
from tests.servers.mlflow_server import MlflowServer
from tests.servers.scripted import Fault, ScriptedMlflow

GIVEN = ("series", "hours", "routes", "slowest", "failing", "tools", "feedback")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask(server: MlflowServer) -> Ask:
    """What the dashboard says of the seeded server."""
    source = Source(server.url, Wanted(EXPERIMENT))

    def asked(**parameters: str) -> dict[str, Any]:
        return source.summary(question_of(parameters, seed.END)).to_dict(show_users=True)

    return asked


@pytest.mark.parametrize("window", ["1h", "24h"])
def test_what_a_server_counts_is_right(ask: Ask, window: str) -> None:
    """Exactly; fractions to nine digits."""
    found = ask(window=window)
    wanted = by_hand(found, SEEDED)
    known = {name: value for name, value in found["totals"].items() if value is not None}
    assert known == close({name: wanted["totals"][name] for name in known})
    assert {name: without(found[name], "url") for name in GIVEN} == close({name: wanted[name] for name in GIVEN})
    models = [{name: row[name] for name in ("model", "calls", "cost")} for row in found["models"]]
    assert models == close([{name: row[name] for name in models[0]} for row in wanted["models"]])


def test_a_filter_holds_for_every_figure_of_a_server(ask: Ask) -> None:
    """Also for a user, whom the server does not group by."""
    found = ask(window="24h", user="ada@example.com", route=seed.ROUTES[0])
    chosen = [r for r in SEEDED if (r.user, r.route) == ("ada@example.com", seed.ROUTES[0])]
    wanted = by_hand(found, chosen)
    assert found["totals"]["requests"] == wanted["totals"]["requests"] > 0
    assert {name: without(found[name], "url") for name in GIVEN} == close({name: wanted[name] for name in GIVEN})


def test_what_is_missing_is_said(ask: Ask) -> None:
    """Each figure that is empty for want of an answer, and why."""
    found = ask(window="24h")
    missing = {each["figure"]: each["reason"] for each in found["missing"]}
    empty = {name for name in LISTS if not found[name]}
    unknown = {f"totals.{name}" for name, value in found["totals"].items() if value is None}
    unknown |= {f"models.{name}" for row in found["models"] for name, value in row.items() if value is None}
    assert empty | unknown == set(missing)
    assert all("does not group by it" in reason for reason in missing.values())


def test_a_trace_has_the_address_of_its_page(ask: Ask, server: MlflowServer) -> None:
    """In MLflow's own UI."""
    slowest = ask(window="24h")["slowest"][0]
    assert slowest["url"].startswith(f"{server.url}/#/experiments/")
    assert slowest["url"].endswith(f"/traces?selectedEvaluationId={slowest['trace_id']}")


def by_hand(found: dict[str, Any], seeded: list[seed.Request]) -> dict[str, Any]:
    """The figures of the same window."""
    start, end = (expected.moment(found["window"][name]) for name in ("start", "end"))
    return expected.figures(seeded, start, end, found["window"]["step_seconds"] * 1000)


def test_an_older_server_still_lists_what_was_slow_and_what_failed() -> None:
    """It knows no `QueryTraceMetrics`, and that is said."""
    with ScriptedMlflow() as server:
        server.faults.extend([Fault(), Fault()])
        server.fault = Fault(status=404)
        source = Source(server.url, Wanted(EXPERIMENT))
        found = source.summary(question_of({}, seed.END)).to_dict(show_users=True)
    assert found["slowest"] == found["failing"] == []
    assert {each["figure"] for each in found["missing"]} == {"totals", *LISTS} - {"slowest", "failing"}
    assert all("too old" in each["reason"] for each in found["missing"])


def test_credentials_that_are_rejected_are_told_as_such() -> None:
    """With what to do."""
    with ScriptedMlflow() as server:
        server.authorization = "Bearer another"
        source = Source(server.url, Wanted(EXPERIMENT))
        with pytest.raises(MisconfigurationError, match="check the credentials"):
            source.summary(question_of({}, seed.END))


def test_a_value_with_both_quotes_cannot_be_asked_for(ask: Ask) -> None:
    """MLflow's filters have no way to say it; one kind of quote is no trouble."""
    assert ask(window="1h", session="it's")["totals"]["requests"] == 0
    with pytest.raises(MisconfigurationError, match="filter by something else"):
        ask(window="1h", session='"it\'s"')
