"""How the two servers of the demo are started, and when they are ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.demo.children import Child, DemoError
from app.demo.http import HttpError, choose_port, get

ROOT = Path(__file__).resolve().parents[2]
# What the user’s shell says about these is about other work, not about the demo.
FOREIGN = ("MLFLOW_", "OTEL_", "DATABRICKS_", "LANGCHAIN_", "LANGSMITH_", "SLIDES_")


@dataclass(frozen=True)
class Server:
    """A child and its address."""

    child: Child
    url: str


def start_mlflow(folder: Path) -> Server:
    """Start MLflow's server and UI on a SQLite file in the folder."""
    port = choose_port(5000)
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    # Its job runner judges and scores; the demo does neither, and starts in half the time.
    environment = {**_environment(), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return Server(Child("MLflow", command, folder=folder, environment=environment), f"http://127.0.0.1:{port}")


def start_app(folder: Path, tracking_uri: str) -> Server:
    """Start the slide agent, tracing into that MLflow."""
    port = choose_port(8000)
    command = [
        *(sys.executable, "-m", "uvicorn", "app.main:app", "--app-dir", str(ROOT)),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    environment = {
        **_environment(),
        "OTEL_MLFLOW_CONFIG": str(ROOT / "config" / "mlflow.yaml"),
        "OTEL_MLFLOW_TRACKING_URI": tracking_uri,
        "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(folder / "spool"),
        "SLIDES_DATABASE": str(folder / "slides.db"),
        "SLIDES_ENV_FILE": "",
    }
    return Server(Child("Slide agent", command, folder=folder, environment=environment), f"http://127.0.0.1:{port}")


def missing_in_mlflow(server: Server) -> str:
    """What the tracking server lacks to be ready; empty when it is."""
    return _unanswered(f"{server.url}/health")


def missing_in_app(server: Server) -> str:
    """What the app lacks: to serve, and tracing that has found its experiment. Raises `DemoError` if it never will."""
    try:
        status = get(f"{server.url}/api/tracing/status")
    except HttpError as error:
        return str(error)
    said = f"tracing is {status['state']}. {status['reason']} {status['fix']}"
    if status["state"] == "failed":
        raise DemoError(said)
    return "" if status["state"] == "ok" else said


def _unanswered(url: str) -> str:
    try:
        get(url)
    except HttpError as error:
        return str(error)
    return ""


def _environment() -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # The demo needs no network: MLflow does not report its use, and no proxy stands between the two servers.
    return {**inherited, "MLFLOW_DISABLE_TELEMETRY": "true", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
