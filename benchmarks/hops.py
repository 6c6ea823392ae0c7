"""What each hop of a fleet costs, and how fast a chain of them is, beside one host that sends to MLflow itself.

    python -m benchmarks.hops [--traces 1000]

One run, one machine: read the ratios. CPU is that of the hop's processes while the traces went through, less nothing:
what they do while idle is in it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from mlflow import MlflowClient

from benchmarks.delivery import SPANS, traces
from otel_mlflow import Settings
from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.records import TraceRecord
from tests.delivering import Finished
from tests.fleet.collector import agent, gateway
from tests.fleet.way import experiment
from tests.servers.mlflow_server import MlflowServer
from tests.servers.postgres import Postgres
from tests.servers.process import until

AGENT, GATEWAY = "127.0.21.1", "127.0.21.2"
EXPERIMENT = "hops"
COUNT = sqlalchemy.text("SELECT count(*) FROM spans")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Hop:
    """A part of the chain, and the processes that it is made of."""

    name: str
    processes: Callable[[], Sequence[int]]

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used."""
        return sum(map(_cpu_of, self.processes()))


def main() -> None:
    """Run both ways on one MLflow server, and print what they cost."""
    parser = argparse.ArgumentParser(description="the cost of each hop")
    parser.add_argument("--traces", type=int, default=1000)
    number: int = parser.parse_args().traces
    with ExitStack() as stopped:
        folder = Path(stopped.enter_context(tempfile.TemporaryDirectory()))
        postgres = Postgres()
        stopped.callback(postgres.stop)
        mlflow = MlflowServer(folder, store=postgres.uri)
        stopped.callback(mlflow.stop)
        experiment_id = experiment(MlflowClient(mlflow.url), EXPERIMENT)
        far = gateway(folder / "gateway", GATEWAY, mlflow.url, experiment_id)
        stopped.callback(far.stop)
        near = agent(folder / "agent", AGENT, [GATEWAY, GATEWAY])
        stopped.callback(near.stop)
        hops = [
            Hop("application (writing down and sending)", lambda: [os.getpid()]),
            Hop("agent", lambda: [near.pid]),
            Hop("gateway", lambda: [far.pid]),
            Hop("MLflow server", lambda: _with(2, mlflow.pid)),
            Hop("PostgreSQL", lambda: [postgres.pid, *_with(1, postgres.pid)]),
        ]
        direct = Settings(tracking_uri=mlflow.url, experiment_name=EXPERIMENT)
        through = direct.model_copy(
            update={
                "tracing": direct.tracing.model_copy(update={"backend": "otlp"}),
                "otlp": direct.otlp.model_copy(update={"endpoint": f"http://{AGENT}:4318/v1/traces"}),
            }
        )
        for name, settings in (("one host, to MLflow itself", direct), ("through agent and gateway", through)):
            report(name, measured(settings, folder / name, postgres, hops, traces(number)), number)


def measured(
    settings: Settings, folder: Path, postgres: Postgres, hops: Sequence[Hop], records: Sequence[TraceRecord]
) -> tuple[float, dict[str, float]]:
    """Seconds until all are in MLflow, and each hop's seconds of CPU."""
    engine = sqlalchemy.create_engine(postgres.uri)
    before, used = _stored(engine), [hop.cpu() for hop in hops]
    delivery = Delivery(
        settings.model_copy(update={"delivery": settings.delivery.model_copy(update={"spool_dir": folder})})
    )
    began = time.monotonic()
    delivery.start()
    for record in records:
        delivery.put(Finished(record))
    wanted = before + len(records) * SPANS
    until(lambda: _stored(engine) >= wanted, seconds=300, waiting_for=lambda: f"{wanted} spans")
    seconds = time.monotonic() - began
    costs = {hop.name: hop.cpu() - earlier for hop, earlier in zip(hops, used, strict=True)}
    delivery.shutdown(timeout=5)
    engine.dispose()
    return seconds, costs


def report(name: str, found: tuple[float, dict[str, float]], number: int) -> None:
    """A line for the way, and one for each hop."""
    seconds, costs = found
    sys.stdout.write(f"{name}: {number / seconds:.0f} traces a second\n")
    for hop, cpu in costs.items():
        sys.stdout.write(f"    {hop}: {cpu / number * 1e6:.0f} µs of CPU a trace\n")


def _stored(engine: sqlalchemy.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(COUNT).scalar_one())


def _with(place: int, pid: int) -> list[int]:
    """The processes whose parent (at place 1) or process group (at place 2) this is."""
    processes = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [each for each in processes if _stat(each)[place : place + 1] == [str(pid)]]


def _cpu_of(pid: int) -> float:
    """Seconds of CPU of a process and of its children that have ended."""
    return sum(int(ticks) for ticks in _stat(pid)[11:15]) / TICKS


def _stat(pid: int) -> list[str]:
    """The fields after the name in /proc/PID/stat; none where the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


if __name__ == "__main__":
    main()
