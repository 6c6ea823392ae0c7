"""What a text looks like is told by so much of it as no single call holds the interpreter for."""

from __future__ import annotations

import pytest

from otel_mlflow.content.credentials import is_code, is_opaque, is_word
from tests.unit.content.planted import REDACTOR

LONG = 65_536


@pytest.mark.parametrize("letter", ["x", "X", "é", "-"])
def test_what_is_longer_than_any_word_is_none(letter: str) -> None:
    """A run of letters is a word, and one of 64 kB is not even looked at."""
    assert is_word(letter * 20)
    assert not is_word(letter * LONG)


@pytest.mark.parametrize("name", ["settings.api_key", "read_key()"])
def test_what_is_longer_than_any_expression_is_none(name: str) -> None:
    """An expression says where a value is, and one of 64 kB does not."""
    assert is_code(name)
    assert not is_code("x" * LONG + name)


def test_something_opaque_is_told_by_its_beginning() -> None:
    """What a machine made up begins like that."""
    assert is_opaque("aB3dE5gH7jK9mN1p" * (LONG // 16))


@pytest.mark.parametrize("before", ["my password is ", "password: ", "token: ", "cookie: a="])
def test_a_long_run_after_a_name_does_not_stop_the_search(before: str) -> None:
    """What follows 64 kB of letters is searched like anything else."""
    secret = "Zk7" + "aB3dE5gH"
    assert secret not in REDACTOR.text(f"{before}{'x' * LONG}\npassword={secret}")
