"""Requests of every kind that there is, made up without anything of the product's.

Two services and two experiments; many routes, and traces without a name; errors of several types, cancelled requests,
such as have not ended; users, sessions, models, tools; feedback as numbers, words and texts; a change of the clocks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
END = 1_774_832_400_000
"""2026-03-30 01:00 UTC in ms: a day after Europe's clocks have gone forward."""

MODELS = {"large": 3e-6, "small": 5e-7, "embedding": 1e-7}
TOOLS = ("search", "sql", "chart")
VERSIONS = ("1.0", "1.1", "2.0", None)
ERRORS = ("ValueError", "TimeoutError", "503")
FIRST, SECOND = "first", "second"
MAIN, OTHER = "main", "other"
"""Experiments and services."""


@dataclass(frozen=True)
class Call:
    """One call of a model."""

    model: str
    input_tokens: int
    output_tokens: int
    cost: float

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.input_tokens + self.output_tokens

    @property
    def attributes(self) -> dict[str, Any]:
        """What MLflow's conventions say of it on its span."""
        usage = {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "total_tokens": self.tokens}
        return {
            "mlflow.llm.model": self.model,
            "mlflow.chat.tokenUsage": usage,
            "mlflow.llm.cost": {"input_cost": 0.0, "output_cost": self.cost, "total_cost": self.cost},
        }


@dataclass(frozen=True)
class Assessment:
    """Feedback, or an expectation, which is none."""

    name: str
    value: object
    is_expectation: bool = False
    is_overridden: bool = False


@dataclass(frozen=True)
class Request:
    """One request, as its trace tells of it."""

    number: int
    experiment: str
    service: str
    route: str
    status_code: int | None
    outcome: str
    time_ms: int
    duration_ms: int | None
    user: str | None
    session: str | None
    error_type: str | None = None
    version: str | None = None
    ttfb_ms: float | None = None
    has_tag: bool = True
    """Whether a tag says what it used; else only its spans do."""
    calls: tuple[Call, ...] = ()
    tools: tuple[tuple[str, bool], ...] = ()
    given: tuple[Assessment, ...] = field(default=())

    @property
    def trace_id(self) -> str:
        """MLflow's id."""
        return f"tr-{self.number + 1:032x}"

    @property
    def request_id(self) -> str | None:
        """What the client called it."""
        return f"request-{self.number}" if self.number % 3 else None

    @property
    def tokens(self) -> int:
        """Of all its calls."""
        return sum(call.input_tokens + call.output_tokens for call in self.calls)

    @property
    def cost(self) -> float:
        """Of all its calls, in USD."""
        return sum(call.cost for call in self.calls)

    @property
    def feedback(self) -> tuple[tuple[str, object], ...]:
        """What counts of what was said."""
        return tuple((one.name, one.value) for one in self.given if not (one.is_expectation or one.is_overridden))


def variety(count: int, *, routes: int, texts: int, first: int = 10_000, seed: int = 11) -> list[Request]:
    """So many requests of the 60 days before `END`, most of them late, always the same ones; numbered from `first`."""
    dice = random.Random(seed)
    made = [_request(dice, first + position, position % routes, position < texts) for position in range(count)]
    return sorted(made, key=lambda request: request.number)


def _request(dice: random.Random, number: int, route: int, has_text: bool) -> Request:
    outcome = dice.choices(("ok", "error", "cancelled", "unfinished"), (78, 12, 9, 1))[0]
    time_ms = END - 1 - dice.choice((dice.randrange(HOUR), dice.randrange(2 * DAY), dice.randrange(60 * DAY)))
    user = dice.choice((*(f"user-{n}@example.com" for n in range(30)), None))
    is_chat = number % 4 == 0 and outcome != "unfinished"
    experiment, service = dice.choice(((FIRST, MAIN), (FIRST, MAIN), (FIRST, OTHER), (SECOND, MAIN)))
    has_tag = bool(dice.randrange(2))
    return Request(
        number=number,
        experiment=experiment,
        service=service,
        route="" if number % 50 == 7 else f"GET /tenant-{route}",
        status_code={"ok": dice.choice((200, 201, 404)), "error": 500, "cancelled": 200}.get(outcome),
        outcome=outcome,
        time_ms=time_ms,
        duration_ms=None if outcome == "unfinished" else dice.randrange(1, 9000),
        user=user,
        session=f"session-{dice.randrange(60)}" if user else None,
        error_type=dice.choice(ERRORS) if outcome == "error" and has_tag else None,
        ttfb_ms=dice.randrange(1, 900) / 2 if is_chat and has_tag else None,
        version=dice.choice(VERSIONS),
        has_tag=has_tag,
        calls=tuple(_calls(dice)) if is_chat else (),
        tools=tuple((dice.choice(TOOLS), dice.random() < 0.7) for _ in range(2)) if is_chat else (),
        given=(*_given(dice), *((Assessment("comment", f"text of {number}"),) if has_text else ())),
    )


def _calls(dice: random.Random) -> list[Call]:
    made = []
    for _ in range(dice.randrange(1, 4)):
        model = dice.choice(list(MODELS))
        tokens = dice.randrange(10, 900), dice.randrange(1, 400)
        made.append(Call(model, *tokens, cost=sum(tokens) * MODELS[model]))
    return made


def _given(dice: random.Random) -> list[Assessment]:
    possible = (
        Assessment("helpful", dice.random() < 0.6),
        Assessment("stars", dice.randrange(2, 11) / 2),
        Assessment("relevant", dice.choice(("yes", "no"))),
        Assessment("helpful", False, is_overridden=True),
        Assessment("expected answer", "42", is_expectation=True),
    )
    return [one for one in possible if dice.random() < 0.15]


def of_the_dashboard(requests: Sequence[Request]) -> list[Request]:
    """Those that the dashboard of service `MAIN`, whose experiment is `FIRST`, is about."""
    return [r for r in requests if r.experiment == FIRST or r.service == MAIN]
