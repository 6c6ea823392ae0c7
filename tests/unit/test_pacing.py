"""Long work may rest all along, on threads that do."""

from __future__ import annotations

import pytest

from otel_mlflow.content import Redactor
from otel_mlflow.pacing import pace, rest_if_due
from otel_mlflow.settings.defaults import REDACT_KEYS

LENGTH = 65_536


class Counting:
    """Counts the moments at which the work could rest."""

    moments = 0

    def rest_if_due(self) -> None:
        """One more."""
        self.moments += 1


@pytest.mark.parametrize("unit", ["password word1 ", "expect the code is 1 ", '{"secret": "b c"}, ', "a=b%20c&key=1&"])
def test_the_search_for_secrets_may_rest_all_along(unit: str) -> None:
    """In a text of 64 kB it takes tens of milliseconds, for which an event loop would wait."""
    counting = Counting()
    pace(counting)
    try:
        Redactor.compile(REDACT_KEYS).text(unit * (LENGTH // len(unit)))
    finally:
        pace(None)
    assert counting.moments > LENGTH / 100


def test_threads_that_are_not_paced_never_rest() -> None:
    """A request that encodes its own trace asks as well."""
    counting = Counting()
    pace(counting)
    pace(None)
    rest_if_due()
    assert counting.moments == 0
