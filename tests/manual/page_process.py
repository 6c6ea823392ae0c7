"""Runs the Python of pages, each in a fork of its own of one process that has imported what they need.

`python -m tests.manual.page_process` reads a line of JSON for each page (`page`, `source`, `folder`) and answers with a
line of JSON: what went wrong, or nothing.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

OUTPUT = "output.txt"


def main() -> None:
    """Serve until the input ends."""
    import_libraries()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(run_in_fork(order)), flush=True)  # noqa: T201 - this is the protocol


def import_libraries() -> None:
    """Trace one request, so that what takes seconds to import is there; no thread is left behind."""
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    import otel_mlflow
    from otel_mlflow.testing import capture

    app = FastAPI()
    app.get("/")(lambda: "")
    otel_mlflow.instrument(app)
    with capture() as traces:
        TestClient(app).get("/")
        assert len(traces) == 1
    otel_mlflow.uninstrument(app)


def run_in_fork(order: dict[str, Any]) -> str:
    """Run one page; what it printed where it failed, else an empty text."""
    output = Path(order["folder"]) / OUTPUT
    child = os.fork()
    if child == 0:
        _run(order, output)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return output.read_text(errors="replace") if status else ""


def _run(order: dict[str, Any], output: Path) -> None:
    """In the child: everything that is printed goes to the file. What fails ends the child, with its traceback."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(order["folder"])
    sys.path.insert(0, order["folder"])
    (run_with_store if order["needs_a_store"] else run_captured)(order["page"], order["source"])


def run_captured(page: str, source: str) -> None:
    """Run the page's Python as one module, while its traces are captured as `traces`."""
    from otel_mlflow.testing import capture

    with capture() as traces:
        run(page, source, traces=traces)


def run_with_store(page: str, source: str) -> None:
    """Run it with MLflow's store in the page's folder."""
    os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    run(page, source)


def run(page: str, source: str, **names: Any) -> None:
    """Run it; a traceback names the page and its lines."""
    exec(compile(source, page, "exec", dont_inherit=True), {"__name__": "page", **names})  # noqa: S102 - it is ours


if __name__ == "__main__":
    main()
