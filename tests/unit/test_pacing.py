"""Long work may rest all along, on threads that do."""

from __future__ import annotations

import asyncio
import time

import pytest

from otel_mlflow.content import Redactor
from otel_mlflow.content.encoding import MANY, encode_json
from otel_mlflow.pacing import A_TURN, give_way, rest_if_due
from otel_mlflow.settings.defaults import REDACT_KEYS
from tests.moments import moments_to_rest

LENGTH = 65_536


@pytest.mark.parametrize("unit", ["password word1 ", "expect the code is 1 ", '{"secret": "b c"}, ', "a=b%20c&key=1&"])
def test_the_search_for_secrets_may_rest_all_along(unit: str) -> None:
    """In a text of 64 kB it takes tens of milliseconds, for which an event loop would wait."""
    with moments_to_rest() as counted:
        Redactor.compile(REDACT_KEYS).text(unit * (LENGTH // len(unit)))
    assert counted.moments > LENGTH / 100


def test_encoding_may_rest_after_each_call() -> None:
    """Each encodes some thousand members."""
    with moments_to_rest() as counted:
        encode_json([{"number": number} for number in range(20 * MANY)])
    assert counted.moments > 20


def test_threads_that_are_not_paced_never_rest() -> None:
    """A request that encodes its own trace asks as well."""
    with moments_to_rest() as counted:
        pass
    rest_if_due()
    assert counted.moments == 0


def test_a_thread_gives_way_and_an_event_loop_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop has others to see to, and gives nobody a turn by standing still."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    async def in_a_loop() -> None:
        give_way()

    asyncio.run(in_a_loop())
    assert slept == []
    give_way()
    assert slept == [A_TURN]
