"""docs/ops.md says what there is: the schema of the summary, the metrics, the routes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.summary import Disclosure
from tests.ops.dashboards import dashboard, settings_of
from tests.ops.scraping import Scrape
from tests.ops.tables import Tables
from tests.ops.variety import END, FIRST, MAIN, variety
from tests.servers.app_server import REPOSITORY

TEXT = (REPOSITORY / "docs" / "ops.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """The text under a heading."""
    return TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """First column → the words in code of the others; what is in parentheses explains the word before it."""
    lines = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): re.findall(r"`([\w.]+)`", _flat(" ".join(cells[1:]))) for cells in lines}


def _flat(text: str) -> str:
    return re.sub(r"\([^()]*\)", "", text)


@pytest.fixture(scope="module")
def found(store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A summary with something in every list."""
    folder = tmp_path_factory.mktemp("documented")
    shutil.copy(store, folder / "mlflow.db")
    Tables(f"sqlite:///{folder}/mlflow.db", str(folder)).add(variety(200, routes=9, texts=20))
    source = source_for(settings_of(folder / "mlflow.db", folder, experiment_name=FIRST, service_name=MAIN))
    return source.summary(question_of({"window": "60d"}, END)).to_dict(Disclosure(texts=True))


def test_every_key_of_the_summary_is_documented(store: Path, tmp_path: Path) -> None:
    """And every one that is documented is there."""
    with dashboard(settings_of(store, tmp_path)) as client:
        assert set(client.get("/api/summary").json()) == set(rows(section("`GET /api/summary`")))


@pytest.mark.parametrize(
    "key", sorted(set(rows(section("`GET /api/summary`"))) - {"users_shown", "texts_shown", "missing"})
)
def test_every_column_of_the_summary_is_documented(found: dict[str, Any], key: str) -> None:
    """In lists as in objects."""
    value = found[key][0] if isinstance(found[key], list) else found[key]
    assert set(value) == set(rows(section("`GET /api/summary`"))[key])


def test_every_metric_and_its_attributes_are_documented(store: Path, tmp_path: Path) -> None:
    """By the names that Prometheus gives them."""
    documented = {names[0]: set(names[1:]) for names in rows(section("Metrics")).values()}
    with dashboard(settings_of(store, tmp_path)) as client:
        scrape = Scrape(client.get("/metrics").text)
    for sample in scrape.samples:
        assert {label.replace("_", ".") for label in sample.labels} <= _attributes(documented[sample.name])
    assert len(documented) == 10


def _attributes(words: set[str]) -> set[str]:
    return {word.replace("_", ".") for word in words}


def test_every_route_is_documented(store: Path, tmp_path: Path) -> None:
    """None of them is answered with 404."""
    paths = re.findall(r"^\| `GET (/[\w/]*)`", TEXT, re.MULTILINE)
    assert len(paths) == 6
    with dashboard(settings_of(store, tmp_path)) as client:
        assert 404 not in {client.get(path).status_code for path in paths}
