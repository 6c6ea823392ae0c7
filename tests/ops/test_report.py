"""`otel-mlflow report`: the dashboard's figures in the terminal."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from otel_mlflow.commands.cli import main
from otel_mlflow.commands.report_over_time import LEVELS
from tests.ops import expected, seed, variety
from tests.ops.comparing import close, without
from tests.ops.conftest import EXPERIMENT, SEEDED

WEEK_AGO = expected.iso(seed.END - 7 * variety.DAY)
RANGE = ["--from", expected.iso(seed.END - variety.DAY), "--to", expected.iso(seed.END)]


@pytest.fixture(autouse=True)
def seeded(store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of an application whose traces are in the seeded store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OTEL_MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    monkeypatch.setenv("OTEL_MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    monkeypatch.setenv("OTEL_MLFLOW_DELIVERY__SPOOL_DIR", str(tmp_path / "spool"))


def report(*arguments: str) -> Result:
    """What it answers."""
    return CliRunner().invoke(main, ["report", *arguments])


def test_its_json_is_the_summary() -> None:
    """With every figure, of a range."""
    found = json.loads(report(*RANGE, "--users", "--json").stdout)
    wanted = expected.figures(SEEDED, seed.END - variety.DAY, seed.END, found["window"]["step_seconds"] * 1000)
    assert found["totals"] == close(wanted["totals"])
    assert without(found["failing"], "url") == close(wanted["failing"])


def test_it_is_readable_in_a_terminal() -> None:
    """Totals and tables; users without names."""
    told = report(*RANGE)
    assert told.exit_code == 0
    for word in (
        "requests",
        "p95",
        "Routes",
        "Failing",
        "Slowest",
        "Models",
        "Tools",
        "Spans",
        "Feedback",
        "Sessions",
        "user ",
    ):
        assert word in told.stdout
    assert "@example.com" not in told.stdout


def test_it_tells_what_was_used_over_time_and_who_came_back() -> None:
    """A line of bars for each model, user and kind of feedback; the bad feedback with ids."""
    found = json.loads(report("--from", WEEK_AGO, "--to", RANGE[3], "--json").stdout)
    told = report("--from", WEEK_AGO, "--to", RANGE[3]).stdout
    for title in ("Tokens by model", "Tokens by user", "Feedback over time", "New users", "Disliked"):
        assert title in told
    assert sum(row["users"] for row in found["retention"]) == found["totals"]["new_users"] > 0
    by_model = sum(row["total_tokens"] for row in found["model_series"])
    assert by_model == found["totals"]["total_tokens"] > 0
    assert any(level in told for level in LEVELS)
    assert found["disliked"][0]["trace_id"] in told


def test_it_tells_the_window_before_and_what_the_page_has_beside_tables() -> None:
    """Totals beside those before; the error budget; status codes; time to first byte where it is known."""
    found = json.loads(report(*RANGE, "--json").stdout)
    told = report(*RANGE).stdout
    for title in ("the window before", "Error budget", "lately", "Status codes"):
        assert title in told
    assert ("Time to first byte" in told) == any(row["ttfb_p50_ms"] is not None for row in found["routes"])
    line = next(line for line in told.splitlines() if "requests" in line)
    assert {str(found[window]["requests"]) for window in ("totals", "previous")} <= set(re.findall(r"\d+", line))


def test_routes_models_and_errors_stand_beside_those_of_the_window_before() -> None:
    """Each figure is followed by what it was before."""
    found = json.loads(report(*RANGE, "--json").stdout)
    told = report(*RANGE).stdout
    for title in ("Routes", "Models", "Errors"):
        assert f"{title}, beside the window before" in told
    table = told.partition("Models, beside")[2].partition("Errors, beside")[0]
    for row in found["models"]:
        line = next(line for line in table.splitlines() if row["model"] in line)
        assert {str(row["calls"]), str(row["previous"]["calls"])} <= set(re.findall(r"[\d.]+", line))


def test_the_users_of_each_hour_of_the_week_are_told_of_two_days_and_more() -> None:
    """A bar for each hour of a day; the busiest hour with its mean."""
    told = report("--from", WEEK_AGO, "--to", RANGE[3]).stdout.partition("Users by hour of the week")[2]
    found = json.loads(report("--from", WEEK_AGO, "--to", RANGE[3], "--json").stdout)
    users: dict[tuple[str, int], list[int]] = {}
    for row in found["hours"]:
        when = datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%S%z")
        users.setdefault((when.strftime("%a"), when.hour), []).append(row["users"])
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"):
        line = next(line for line in told.splitlines() if day in line)
        most = max(sum(some) / len(some) for (of_day, _), some in users.items() if of_day == day)
        assert f"{most:.1f} at " in line
        assert len(re.findall(f"[.{LEVELS}]{{24}}", line)) == 1
    assert "hour of the week" not in report(*RANGE).stdout


def test_the_error_budget_is_that_of_the_objective_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the burn where ten times as many may fail."""
    strict = json.loads(report(*RANGE, "--json").stdout)["error_budget"]
    monkeypatch.setenv("OTEL_MLFLOW_OPS__ERROR_OBJECTIVE", "0.9")
    loose = json.loads(report(*RANGE, "--json").stdout)["error_budget"]
    assert (strict["objective"], loose["objective"]) == (0.99, 0.9)
    assert loose["burn_rate"] == pytest.approx(strict["burn_rate"] / 10)
    assert "Error budget of 10 %" in report(*RANGE).stdout


def test_texts_of_feedback_are_told_only_where_they_are_asked_for(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the trace that they are about."""
    shutil.copy(store, tmp_path / "mlflow.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as db:
        db.execute("UPDATE assessments SET value = '\"rather slow\"' WHERE name = 'helpful'")
        db.commit()
    monkeypatch.setenv("OTEL_MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    assert "rather slow" not in report(*RANGE).stdout
    assert "rather slow" in report(*RANGE, "--texts").stdout


def test_it_fits_into_80_columns_with_whole_ids() -> None:
    """So that an id can be copied."""
    lines = report(*RANGE).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    slowest = json.loads(report(*RANGE, "--json").stdout)["slowest"][0]
    assert any(slowest["trace_id"] in line for line in lines)


def test_errors_are_json_too_where_json_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same exit codes."""
    told = report("--window", "soon", "--json")
    assert (told.exit_code, json.loads(told.stdout)["fix"]) == (2, "")
    monkeypatch.setenv("OTEL_MLFLOW_TRACKING_URI", "sqlite:////nowhere/at/all.db")
    told = report("--json")
    assert (told.exit_code, "there is no database" in json.loads(told.stdout)["detail"]) == (1, True)


def test_one_route_alone(store: Path) -> None:
    """A filter, as on the page."""
    found = json.loads(report(*RANGE, "--route", seed.ROUTES[0], "--json").stdout)
    assert [row["route"] for row in found["routes"]] == [seed.ROUTES[0]]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [(["--window", "soon"], 2, "window is 'soon'"), (["--to", "2026-01-01T00:00Z", "--from", "x"], 2, "from is 'x'")],
)
def test_wrong_usage_is_told_as_such(arguments: list[str], code: int, word: str) -> None:
    """Exit code 2."""
    told = report(*arguments)
    assert (told.exit_code, word in told.stderr) == (code, True)


def test_a_backend_that_cannot_be_asked_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACKING_URI", "sqlite:////nowhere/at/all.db")
    told = report()
    assert told.exit_code == 1
    assert "there is no database" in told.stderr
    assert "correct tracking_uri" in told.stderr
