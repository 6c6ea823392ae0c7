"""Each row of the table is checked against what is installed, and a missing one leaves its integration out."""

from __future__ import annotations

import importlib
import re
import warnings
from typing import Any

import pytest

from otel_mlflow.diagnosis.checks import compatibility
from otel_mlflow.integrations import TABLE, Integration, Integrations, PrivateName, probe
from otel_mlflow.integrations.probe import is_before


def table_with(**changes: Any) -> dict[str, Integration]:
    """A table of one integration."""
    given: dict[str, Any] = {
        "name": "one",
        "distribution": "pytest",
        "tested": "8 to 9",
        "without": "nothing works",
        "names": (PrivateName("pytest", "fixture", "function"),),
        **changes,
    }
    return {"one": Integration(**given)}


def owner_of(name: PrivateName) -> tuple[Any, str]:
    """The object that has the name's last part."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        owner: Any = importlib.import_module(name.module)
    *path, last = name.path.split(".")
    for part in path:
        owner = getattr(owner, part)
    return owner, last


def test_all_that_is_leaned_on_is_there() -> None:
    """In the versions that these tests run with."""
    integrations = Integrations()
    assert [name for name in TABLE if not integrations.works(name)] == []


def removable() -> list[tuple[str, PrivateName]]:
    """The rows whose name stands in a module or a class: what is made for each object cannot be taken away here."""
    rows = [(each.name, name) for each in TABLE.values() if not is_before(each) for name in each.names]
    return [(integration, name) for integration, name in rows if _is_removable(name)]


def _is_removable(name: PrivateName) -> bool:
    owner, last = owner_of(name)
    is_column = name.path.startswith("Sql")  # SQLAlchemy lets none be taken away
    return last in getattr(owner, "__dict__", {}) and not is_column


NAMES = removable()


@pytest.mark.parametrize(("integration", "name"), NAMES, ids=[f"{each}-{name}" for each, name in NAMES])
def test_a_name_that_is_gone_leaves_its_integration_out(
    integration: str, name: PrivateName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named with the distribution's version and what to do."""
    owner, last = owner_of(name)
    # A log record that asks for its trace, as in an application that is instrumented, needs some of these names itself.
    monkeypatch.setattr(probe.logger, "disabled", True)
    monkeypatch.delattr(owner, last)
    integrations = Integrations()
    working = integrations.works(integration)
    monkeypatch.undo()
    assert not working
    left_out = next(each for each in integrations.left_out if each.integration.name == integration)
    assert integration in left_out.reason
    assert TABLE[integration].tested in left_out.fix


def test_a_name_of_another_kind_is_as_good_as_gone() -> None:
    """A class where a function was."""
    integrations = Integrations(table_with(names=(PrivateName("pytest", "fixture", "class"),)))
    assert not integrations.works("one")
    assert "pytest.fixture is no class but a function" in integrations.left_out[0].reason


def test_a_module_that_is_gone_is_named() -> None:
    """With what Python says about it."""
    integrations = Integrations(table_with(names=(PrivateName("pytest.no_such_room", "name", "object"),)))
    assert not integrations.works("one")
    assert "pytest.no_such_room cannot be imported" in integrations.left_out[0].reason


def test_what_builds_on_an_integration_goes_with_it() -> None:
    """LangChain's spans need MLflow's."""
    broken = table_with(names=(PrivateName("pytest", "no_such_name", "object"),))
    other = table_with(name="two", needs=("one",))["one"]
    integrations = Integrations({**broken, "two": other})
    assert not integrations.works("two")


def test_before_the_version_that_brought_it_there_is_nothing_to_lean_on() -> None:
    """FastAPI before its own telemetry."""
    names = (PrivateName("pytest", "no_such_name", "object"),)
    assert Integrations(table_with(names=names, since="9999")).works("one")
    assert not Integrations(table_with(names=names, since="1.0")).works("one")


def test_an_integration_that_fails_its_self_test_is_left_out() -> None:
    """Whoever tried it says why."""
    integrations = Integrations(table_with())
    assert integrations.works("one")
    integrations.leave_out("one", "the self-test says no")
    assert not integrations.works("one")
    assert "the self-test says no" in integrations.left_out[0].reason


def test_the_doctor_finds_all_in_order() -> None:
    """`compatibility` is ok, and says how many integrations it has checked."""
    found = compatibility.check(None)  # type: ignore[arg-type]
    assert found.status == "ok"
    assert re.match(r"what \d\d integrations lean on", found.detail)


def test_the_doctor_warns_of_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    fluent: Any = importlib.import_module("mlflow.tracking.fluent")
    monkeypatch.delattr(fluent, "_active_run_stack")
    found = compatibility.check(None)  # type: ignore[arg-type]
    assert found.status == "warn"
    assert "mlflow_runs" in found.detail
    assert "upgrade otel-mlflow" in found.fix
