"""Which names hold secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content.mentions import words_in
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.names import SecretNames, is_hidden
from otel_mlflow.settings.defaults import REDACT_KEYS
from tests.unit.content.planted import NAMES, REDACTOR


@pytest.mark.parametrize("name", NAMES)
def test_usual_names_of_secrets(name: str) -> None:
    """The default list knows them in all their spellings."""
    assert name in REDACTOR.names


@pytest.mark.parametrize(
    "name",
    [
        "total_tokens", "max_tokens", "input_tokens", "prompt_tokens", "token_count", "token_type", "nextPageToken",
        "tokenizer", "gen_ai.usage.output_tokens", "key", "primary_key", "sort_key", "keyword", "session_id",
        "author", "authority", "secretary", "cookie_policy", "password_policy", "has_token", "user", "email", "message",
        "design", "", "_",
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
    assert len(names._strengths) <= 4096
    assert max(map(len, names._strengths)) <= 64


@given(st.lists(st.from_regex(r"\*?[a-z]{1,5}(_[a-z]{1,5})?\*?", fullmatch=True), min_size=1, max_size=6))
def test_every_name_has_a_hint_in_it(entries: list[str]) -> None:
    """The quick look at a text, by which most are passed over, misses no name."""
    names = SecretNames(entries)
    for entry in entries:
        assert names.hinted_in(words_in(f"a {entry.replace('*', '').replace('_', '-')}: b"))


@pytest.mark.parametrize("name", NAMES)
def test_every_usual_name_has_a_hint_in_it(name: str) -> None:
    """The same for the vocabulary."""
    assert REDACTOR.names.hinted_in(words_in(f"a {name.lower()}=b"))


def test_other_keys_than_texts_are_no_names() -> None:
    """A mapping of Python's may have any keys."""
    assert not any(name in REDACTOR.names for name in (1, None, ("password",)))


@pytest.mark.parametrize(
    ("name", "hidden", "shown"),
    [
        ("password", ["x", 12345, ["x"]], [None, True, "", "${PASSWORD}"]),
        ("api_key", ["x", 1234567, {"a": 1}], [None, False, 3]),
        ("token", ["abc123def456"], ["hello", 512, [1, 2], {"input": 3}]),
        ("otp", [123456, "123456"], [None, True]),
    ],
)
def test_strength_of_a_name(name: str, hidden: list[object], shown: list[object]) -> None:
    """Words with other meanings hide only what looks like a credential."""
    names = SecretNames(["default"])
    assert [names.hide(name, value) for value in hidden] == [True] * len(hidden)
    assert [names.hide(name, value) for value in shown] == [False] * len(shown)


def test_own_entries_hide_everything() -> None:
    """They were asked for by name."""
    assert SecretNames(["token"]).strength("token") == Strength.ALL
    assert is_hidden(Strength.ALL, 1)
