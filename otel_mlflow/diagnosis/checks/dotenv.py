"""A `.env` file that was not loaded."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.settings.dotenv import unloaded_file


def check(setup: Setup) -> CheckResult:
    """Compare it with the environment of this process; the app's may be another one."""
    try:
        unloaded = unloaded_file()
    except (OSError, UnicodeError) as error:
        return warn(f"the .env file cannot be read: {error}", "correct it, or delete it")
    if unloaded is None:
        return ok("there is no .env file, or nothing in it says otherwise than the environment")
    return warn(
        str(unloaded),
        "if the app does not load it either, start it with these variables set, say by `uvicorn --env-file .env`; if "
        "it does, give them to the doctor too: `set -a; . ./.env; set +a`",
    )
