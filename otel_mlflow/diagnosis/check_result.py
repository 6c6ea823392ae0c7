"""What a check of the doctor's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CheckStatus = Literal["ok", "warn", "fail"]
"""`warn`: traces may arrive all the same, or it could not be tried. `fail`: they do not."""


@dataclass(frozen=True)
class CheckResult:
    """What was seen, and what to do about it; `fix` is empty where nothing needs doing."""

    status: CheckStatus
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class Check:
    """A result under the name of the check that made it; `docs/doctor.md` lists the names."""

    name: str
    status: CheckStatus
    detail: str
    fix: str


def ok(detail: str) -> CheckResult:
    """All is as it should be."""
    return CheckResult("ok", detail)


def warn(detail: str, fix: str) -> CheckResult:
    """Perhaps that is why."""
    return CheckResult("warn", detail, fix)


def fail(detail: str, fix: str) -> CheckResult:
    """That is why."""
    return CheckResult("fail", detail, fix)
