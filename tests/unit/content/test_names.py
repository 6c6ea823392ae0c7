"""Which names hold secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content.names import SecretNames, stems
from otel_mlflow.settings.defaults import REDACT_KEYS
from tests.unit.content.planted import NAMES, REDACTOR


@pytest.mark.parametrize("name", NAMES)
def test_usual_names_of_secrets(name: str) -> None:
    """The default list knows them in all their spellings."""
    assert name in REDACTOR.names


@pytest.mark.parametrize(
    "name",
    [
        "total_tokens", "max_tokens", "input_tokens", "prompt_tokens", "token_count", "token_type", "tokens",
        "tokenizer", "gen_ai.usage.output_tokens", "key", "primary_key", "sort_key", "keyword", "session_id",
        "author", "authority", "secretary", "cookie_policy", "signature", "user", "email", "message", "design", "", "_",
    ],
)  # fmt: skip
def test_usual_names_of_other_things(name: str) -> None:
    """Counts, ids and names that merely begin alike."""
    assert name not in REDACTOR.names


@pytest.mark.parametrize(
    ("entry", "matching", "others"),
    [
        ("pin", ["pin", "PIN", "pin_2", "pin2", "[pin]"], ["spin", "pin_code", "pins"]),
        ("api_key", ["api_key", "apiKey", "API-KEY", "api.key", "api key"], ["x_api_key", "api_keys"]),
        ("*key", ["key", "monkey", "x-key"], ["keys", "key_id"]),
        ("bank*", ["bank", "bank_account", "BankCode"], ["my_bank"]),
        ("a*z", ["az", "abcz", "a z"], ["az1b", "baz"]),
        ("größe", ["GRÖSSE".replace("SS", "ß"), "größe"], ["grösse"]),
    ],
)
def test_rules_of_an_entry(entry: str, matching: list[str], others: list[str]) -> None:
    """A whole name, any case, any separator; `*` for anything; a number at the end is passed over."""
    names = SecretNames([entry])
    assert [name in names for name in matching] == [True] * len(matching)
    assert [name in names for name in others] == [False] * len(others)


def test_long_name_is_judged_by_its_end() -> None:
    """A name of any length costs no more than a short one."""
    assert "x" * 1_000_000 + "password" in REDACTOR.names
    assert "password" + "x" * 1_000_000 not in REDACTOR.names


def test_what_is_remembered_is_bounded() -> None:
    """Names that come only once do not fill the memory."""
    names = SecretNames(REDACT_KEYS)
    for number in range(10_000):
        assert f"{number}_password" in names
    assert "x" * 1000 not in names
    assert len(names._verdicts) <= 4096
    assert max(map(len, names._verdicts)) <= 64


@given(st.lists(st.from_regex(r"\*?[a-z]{1,5}(_[a-z]{1,5})?\*?", fullmatch=True), min_size=1, max_size=6))
def test_every_name_has_a_stem_in_it(entries: list[str]) -> None:
    """The quick look at a text, by which most are passed over, misses no name."""
    chosen = stems(entries)
    for entry in entries:
        name = entry.replace("*", "").replace("_", "-")
        assert any(stem in name for stem in chosen)


def test_other_keys_than_texts_are_no_names() -> None:
    """A mapping of Python's may have any keys."""
    assert not REDACTOR.names.are_in({1: "x", None: "y", ("password",): "z"})
