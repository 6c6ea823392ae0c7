"""Which environments of `make versions` its arguments mean."""

from __future__ import annotations

import pytest

from tests.versions.__main__ import chosen
from tests.versions.environments import ENVIRONMENTS


def test_without_arguments_all_are_meant() -> None:
    """In their order."""
    assert list(chosen([])) == list(ENVIRONMENTS)


def test_the_parts_are_the_whole() -> None:
    """Each environment is in one of them."""
    parts = [each.name for number in range(1, 6) for each in chosen([f"--part={number}/5"])]
    assert sorted(parts) == sorted(each.name for each in ENVIRONMENTS)


def test_a_name_that_is_none_is_refused() -> None:
    """Rather than trying nothing, and passing."""
    with pytest.raises(SystemExit):
        chosen(["mlflow-0.1"])
