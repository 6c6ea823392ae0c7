"""Whether the private names of other packages that we lean on are there in the versions installed."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.integrations import INTEGRATIONS, TABLE, Integrations
from otel_mlflow.integrations.probe import NOT_INSTALLED, installed_version


def check(setup: Setup) -> CheckResult:
    """Check the whole table, but for what is not installed: its integrations have nothing to do."""
    integrations = Integrations()
    installed = [name for name, each in TABLE.items() if installed_version(each.distribution) != NOT_INSTALLED]
    working = [name for name in installed if integrations.works(name)]
    # Where this process is traced, ours are in the place of what is missing, and it is known what was.
    known = {each.integration.name: each for each in (*integrations.left_out, *INTEGRATIONS.left_out)}
    if left_out := list(known.values()):
        return warn("; ".join(each.reason for each in left_out), "; ".join(dict.fromkeys(e.fix for e in left_out)))
    return ok(f"what {len(working)} integrations lean on in other packages is there, and works")
