"""An application in a process in which a private name of another package is gone, for one name after the other.

`python -m tests.integration.integrations.without` reads lines of module and name, and writes what came of each as JSON.
A name is gone as in a release in which it has another one: the package itself goes on with what it had. Nothing of ours
is imported before that: each name is tried in a fork of a process that has imported the other packages only.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import traceback
import types
import warnings
from typing import Any

OTHERS = (
    *("fastapi", "starlette.testclient", "opentelemetry.sdk.trace", "mlflow", "mlflow.tracing.fluent"),
    *("mlflow.langchain.langchain_tracer", "mlflow.store.tracking.dbmodels.models", "langgraph.errors"),
)


def take_away(module: str, path: str) -> None:
    """Hide the name where it is kept: in the module, or in the class of what the module has."""
    owner: Any = importlib.import_module(module)
    *parts, last = path.split(".")
    if not parts:
        hide(owner, last)
        return
    if path.startswith("Sql"):
        # SQLAlchemy lets no column be taken from a class: the class has none of them.
        setattr(owner, parts[0], types.SimpleNamespace())
        return
    for part in parts:
        owner = getattr(owner, part)
    kinds = owner.__mro__ if isinstance(owner, type) else type(owner).__mro__
    kind = next(kind for kind in kinds if last in vars(kind))
    setattr(kind, last, KeptByItsPackage(kind, last))


class KeptByItsPackage:
    """An attribute of a class that the class's own package finds, and everybody else finds gone."""

    def __init__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name
        self._kept = vars(owner)[name]

    def __get__(self, instance: object, kind: type) -> Any:
        """Bound as ever for the package's own code; for others what the classes below it have."""
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        if caller.partition(".")[0] != self._owner.__module__.partition(".")[0]:
            return getattr(super(self._owner, kind if instance is None else instance), self._name)
        return self._kept.__get__(instance, kind) if hasattr(self._kept, "__get__") else self._kept


def hide(module: types.ModuleType, name: str) -> None:
    """Have others find a module without the name, while its functions go on in the one that has it."""
    shown = types.ModuleType(module.__name__)
    vars(shown).update({key: value for key, value in vars(module).items() if key != name})
    sys.modules[module.__name__] = shown
    above, _, last = module.__name__.rpartition(".")
    if above and getattr(sys.modules[above], last, None) is module:
        setattr(sys.modules[above], last, shown)


def try_without(module: str, path: str) -> dict[str, Any]:
    """Start an application without the name, make a request, and ask it and the doctor how it is."""
    take_away(module, path)
    fastapi: Any = importlib.import_module("fastapi")
    otel_mlflow: Any = importlib.import_module("otel_mlflow")
    app = fastapi.FastAPI()

    def handler() -> str:
        import mlflow

        with mlflow.start_span("work"):
            return "served"

    app.get("/")(handler)
    tracing = otel_mlflow.instrument(app)
    client: Any = importlib.import_module("starlette.testclient")
    answer = client.TestClient(app).get("/")
    status = tracing.status()
    doctor: Any = importlib.import_module("otel_mlflow.diagnosis.checks.compatibility")
    found = doctor.check(None)
    return {
        "answer": answer.json(),
        "traced": "x-mlflow-trace-id" in answer.headers,
        "failures": otel_mlflow.guard.GUARD.failures,
        "state": str(status.state),
        "reason": status.reason,
        "doctor": f"{found.status}: {found.detail}",
    }


def main() -> None:
    """One line in, one line out."""
    warnings.simplefilter("ignore")
    os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:1"
    for name in OTHERS:
        importlib.import_module(name)
    for line in sys.stdin:
        if os.fork() == 0:
            _report(line)
        os.wait()


def _report(line: str) -> None:
    os.environ["OTEL_MLFLOW_DELIVERY__SPOOL_DIR"] = tempfile.mkdtemp(dir=".")
    try:
        found = try_without(*line.split())
    except Exception:  # noqa: BLE001, what it raises is what came of it
        found = {"raised": traceback.format_exc()}
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
