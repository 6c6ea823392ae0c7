"""docs/settings.md says of every setting what the code says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from otel_mlflow.settings import Settings
from otel_mlflow.settings.model import keys
from otel_mlflow.settings.sources import SDK_DISABLED, STANDARD_NAMES, variable

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
WRITTEN_OUT = {"tracing.redact_keys", "tracing.excluded_urls", "delivery.spool_dir"}
STANDARD = {key: name for name, key in STANDARD_NAMES.items()} | {"tracing.enabled": SDK_DISABLED}


def field_of(key: str) -> FieldInfo:
    """Find where a key is declared."""
    section, _, name = key.rpartition(".")
    model: Any = Settings.model_fields[section].annotation if section else Settings
    fields: dict[str, FieldInfo] = model.model_fields
    return fields[name]


def row_of(key: str) -> str:
    """Write the row of the table as it has to be."""
    field = field_of(key)
    assert isinstance(field.json_schema_extra, dict)
    also = f", `{STANDARD[key]}`" if key in STANDARD else ""
    default = "below" if key in WRITTEN_OUT else written(field.get_default(call_default_factory=True))
    cells = f"`{key}`", f"`{variable(key)}`{also}", default, field.description, field.json_schema_extra["allowed"]
    return f"| {' | '.join(map(str, cells))} |"


def written(default: Any) -> str:
    """Write a default as YAML has it."""
    if default is None or default == {}:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`".replace("'", "")


@pytest.mark.parametrize("key", keys())
def test_every_setting_has_its_row(key: str) -> None:
    """The page tells a setting's names, default, meaning and rule in the words of the code."""
    assert row_of(key) in PAGE.read_text().splitlines()


def test_nothing_else_is_in_the_table() -> None:
    """A setting that went away is gone from the page too."""
    table = PAGE.read_text().partition("| `MLFLOW")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(keys())


@pytest.mark.parametrize("key", ["tracing.redact_keys", "tracing.excluded_urls"])
def test_long_defaults_are_written_out(key: str) -> None:
    """The lists too long for the table stand below it, each entry in its order."""
    entries: list[str] = field_of(key).get_default(call_default_factory=True)
    _, _, section = PAGE.read_text().partition(f"## Default of `{key}`")
    block = section.split("```")[1].removeprefix("text\n")
    assert block.split() == entries


@pytest.mark.parametrize("key", keys())
def test_every_setting_has_a_meaning_and_a_rule(key: str) -> None:
    """No key is declared without the words that the page and the errors need."""
    field = field_of(key)
    assert field.description
    assert isinstance(field.json_schema_extra, dict)
    assert field.json_schema_extra["allowed"]
