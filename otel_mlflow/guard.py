"""The one guard between us and a user's request.

Whatever goes wrong inside it is ours, so it is counted, said once a minute, and never reaches the request.
`BaseException`s (cancellation, interpreter exit) are not ours and always pass.
"""

from __future__ import annotations

import functools
import logging
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from typing import ParamSpec, TypeVar

logger = logging.getLogger("otel_mlflow")

P = ParamSpec("P")
R = TypeVar("R")

SAY_AGAIN_AFTER = 60.0
"""Seconds of silence after a reported failure."""


class RateLimit:
    """Lets one message a minute through."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def allow(self) -> bool:
        """Whether this one may be said; if so, the others wait."""
        now = time.monotonic()
        if now < self._silent_until:
            return False
        self._silent_until = now + SAY_AGAIN_AFTER
        return True


_USER_ERRORS: defaultdict[str, RateLimit] = defaultdict(RateLimit)
"""By the name of what user code gave us; the names are the handful of our settings."""


class Guard:
    """Counts and reports what went wrong on our side of a request.

    `strict` makes the guard raise instead: our own tests run with it, so nothing is swallowed there.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.strict = False
        self._rate_limit = RateLimit()

    def report(self, where: str, error: Exception) -> None:
        """Count `error` and log it, at most once a minute. Raises it again when `strict`."""
        self.failures += 1
        if self.strict:
            raise error
        if self._rate_limit.allow():
            logger.error(
                "otel-mlflow failed in %s (%d such failures so far); the request was not affected, its trace may be "
                "incomplete. Please report this with the traceback below.",
                where,
                self.failures,
                exc_info=error,
            )


GUARD = Guard()


def report_user_error(name: str, error: Exception, consequence: str) -> None:
    """Log, at most once a minute, that a function failed which user code gave us under `name`."""
    if not _USER_ERRORS[name].allow():
        return
    last = traceback.extract_tb(error.__traceback__, limit=-1)
    place = f" in {last[0].filename}, line {last[0].lineno}" if last else ""
    logger.error(
        "the application's own %s raised %s%s; %s. Correct it there; the traceback is below.",
        name,
        type(error).__name__,
        place,
        consequence,
        exc_info=error,
    )


def attempt(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | Exception:
    """Run `function` on what user code gave us; answer the exception where it fails, for the caller to show.

    For values whose own methods may raise anything. A fault of ours belongs into `guarded`, which reports it.
    """
    try:
        return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001, this is the guard
        return error


def run_guarded(function: Callable[[], R]) -> R | Exception:
    """What `function` returns, or the exception that it raised, which has been reported."""
    result = attempt(function)
    if isinstance(result, Exception):
        GUARD.report(getattr(function, "__qualname__", repr(function)), result)
    return result


def guarded(function: Callable[P, R]) -> Callable[P, R | None]:
    """Run `function` inside the guard: it returns None where it failed."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001, this is the guard
            GUARD.report(function.__qualname__, error)
            return None

    return run
