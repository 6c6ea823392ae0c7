"""A real HAProxy, as Debian packages it, with the configuration that stands between gateways and MLflow."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.ports import find_free_port
from tests.servers.process import ChildProcess, clean_environment, installed, until

CONFIGURATION = Path(__file__).resolve().parents[2] / "config" / "collector" / "mlflow-proxy.cfg"


class MlflowProxy:
    """The process, in front of the MLflow server at `mlflow`; it listens on a port of its own at `host`."""

    def __init__(self, folder: Path, mlflow: str, *, host: str = "127.0.0.1") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        address = f"{host}:{find_free_port()}"
        self.url = f"http://{address}"
        environment = {"PROXY_ADDRESS": address, "MLFLOW_ADDRESS": urlsplit(mlflow).netloc}
        command = [installed("haproxy"), "-f", str(CONFIGURATION)]
        self._child = ChildProcess(command, folder=folder, environment=environment)
        until(self._is_ready, seconds=30, waiting_for=lambda: f"HAProxy; its log:\n{self._child.log[-4000:]}")

    def stop(self) -> None:
        """End it."""
        self._child.terminate()

    def _is_ready(self) -> bool:
        try:
            httpx.get(f"{self.url}/version", timeout=5)
        except httpx.TransportError:
            return False
        return True


def complaint() -> str:
    """What HAProxy finds wrong with the configuration; empty where it would start with it."""
    environment = clean_environment({"PROXY_ADDRESS": "127.0.0.1:1", "MLFLOW_ADDRESS": "127.0.0.1:2"})
    ran = subprocess.run(
        [installed("haproxy"), "-c", "-q", "-f", str(CONFIGURATION)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return "" if ran.returncode == 0 and not ran.stderr else ran.stderr or f"exit code {ran.returncode}"
