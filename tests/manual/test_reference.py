"""The reference is what the code says today, and has all of it."""

from __future__ import annotations

import re

import pytest

import otel_mlflow
from tests.manual import licences
from tests.manual.markdown import PAGES, ROOT, text_of
from tests.manual.reference import FOLDER
from tests.manual.reference import PAGES as GENERATED

INTERNAL = {"otel_mlflow.request", "otel_mlflow.outermost", "otel_mlflow.not_sampled", "otel_mlflow.scratch"}
"""Names that never leave the process."""


@pytest.mark.parametrize("name", GENERATED)
def test_a_page_is_current(name: str) -> None:
    """To renew it: `python -m tests.manual.reference`."""
    assert (FOLDER / name).read_text(encoding="utf-8") == GENERATED[name]()


def test_the_licences_are_current() -> None:
    """Of what is locked. To renew it: `python -m tests.manual.licences`."""
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page()


def test_every_public_name_is_in_the_reference() -> None:
    """With a heading of its own."""
    pages = text_of("docs/reference/api.md") + text_of("docs/reference/errors.md")
    assert [name for name in otel_mlflow.__all__ if f"## `{name}`" not in pages] == []


def test_every_tag_and_attribute_of_ours_is_documented() -> None:
    """Wherever it is best explained."""
    written = {name for path in (ROOT / "otel_mlflow").rglob("*.py") for name in _names(path.read_text("utf-8"))}
    documented = "".join(map(text_of, PAGES))
    assert sorted(name for name in written - INTERNAL if f"`{name}`" not in documented) == []


def _names(code: str) -> set[str]:
    return set(re.findall(r'"(otel_mlflow\.[a-z_.]+)"', code)) - {f"otel_mlflow.{room}" for room in _rooms()}


def _rooms() -> set[str]:
    package = ROOT / "otel_mlflow"
    return {str(path.relative_to(package).with_suffix("")).replace("/", ".") for path in package.rglob("*.py")}
