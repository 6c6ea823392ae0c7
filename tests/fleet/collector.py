"""A running OpenTelemetry Collector, with configuration files of this repository's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from tests.fleet.collector_build import collector_program
from tests.servers.process import ChildProcess, clean_environment, waited

CONFIGURATION = Path(__file__).resolve().parents[2] / "config" / "collector"


def command(program: Path, verb: Sequence[str], files: Sequence[str]) -> list[str]:
    """The command line that runs the Collector with these files of config/collector/."""
    return [str(program), *verb, *(f"--config={CONFIGURATION / name}" for name in files)]


def validated(files: Sequence[str], environment: Mapping[str, str]) -> str:
    """What the Collector finds wrong with these files; empty where it would start with them."""
    ran = subprocess.run(
        command(collector_program(), ["validate"], files),
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return "" if ran.returncode == 0 else ran.stderr or ran.stdout or f"exit code {ran.returncode}"


class Collector:
    """The process. `address` is the loopback address that it has for itself."""

    def __init__(self, files: Sequence[str], *, folder: Path, address: str, environment: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = address
        self._command = command(collector_program(), [], files)
        self._environment = dict(environment)
        self.start()

    def start(self) -> None:
        """Start it, again with the same queue after `kill()` or `stop()`; return when it says that it is well."""
        self._child = ChildProcess(self._command, folder=self.folder, environment=self._environment)
        if not waited(self.is_healthy, seconds=30):
            self._child.kill()
            pytest.fail(f"the Collector does not start; its log:\n{self._child.log[-4000:]}", pytrace=False)

    def stop(self) -> None:
        """Stop it as a supervisor does."""
        self._child.terminate()

    def kill(self) -> None:
        """Stop it as the kernel does when memory runs out."""
        self._child.kill()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._child.pid

    @property
    def log(self) -> str:
        """All that it has written."""
        return self._child.log

    def is_healthy(self) -> bool:
        """What its `health_check` says."""
        try:
            return httpx.get(f"http://{self.address}:13133/", timeout=5).is_success
        except httpx.TransportError:
            return False

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric of its own over all series that have these labels."""
        text = httpx.get(f"http://{self.address}:8888/metrics", timeout=10).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = re.findall(rf"^{name}(?:_total)?(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
        return sum(float(value) for series, value in found if all(label in series for label in wanted))

    def has_sent_all(self) -> bool:
        """Whether it has sent every span that it has taken since it was started, to one destination."""
        return self.metric("otelcol_receiver_accepted_spans") <= self.metric("otelcol_exporter_sent_spans")

    def dropped(self) -> int:
        """Spans that it has lost in all its lives, because a backend refused them for good."""
        return sum(map(int, re.findall(r'"dropped_items": (\d+)', self.log)))

    def queued(self) -> float:
        """How much waits in its queues, in their own unit."""
        return self.metric("otelcol_exporter_queue_size")


def agent(folder: Path, address: str, gateways: Sequence[str]) -> Collector:
    """An agent that balances over two gateways, which are addresses."""
    first, second = gateways
    environment = {
        "AGENT_ADDRESS": address,
        "AGENT_STORAGE": str(folder / "queue"),
        "GATEWAY_1": f"{first}:4317",
        "GATEWAY_2": f"{second}:4317",
    }
    return Collector(["agent.yaml"], folder=folder, address=address, environment=environment)


def gateway(
    folder: Path, address: str, mlflow: str, experiment_id: str, *overlays: str, **environment: str
) -> Collector:
    """A gateway that sends to the MLflow server at `mlflow`; `overlays` are files that go over gateway.yaml."""
    settings = {
        "GATEWAY_ADDRESS": address,
        "GATEWAY_STORAGE": str(folder / "queue"),
        "MLFLOW_URL": mlflow,
        "MLFLOW_EXPERIMENT_ID": experiment_id,
    }
    files = ["gateway.yaml", *overlays]
    return Collector(files, folder=folder, address=address, environment=settings | environment)
