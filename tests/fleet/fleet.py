"""A fleet on one machine, each host on a loopback address of its own.

| address | what |
| --- | --- |
| 127.0.1.2 | the MLflow server, two workers, on PostgreSQL |
| 127.0.1.3 | the dashboard |
| 127.0.1.4 | the proxy between the gateways and MLflow |
| 127.0.1.11, 127.0.1.12 | application hosts: two workers and an agent each |
| 127.0.1.21, 127.0.1.22 | gateways |

Prometheus and PostgreSQL have ports of their own on 127.0.0.1.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient

from tests.fleet.collector import Collector, agent, gateway
from tests.fleet.way import experiment
from tests.servers.app_server import AppServer
from tests.servers.haproxy import MlflowProxy
from tests.servers.mlflow_server import MlflowServer
from tests.servers.postgres import Postgres
from tests.servers.prometheus import Prometheus

MLFLOW, DASHBOARD, PROXY = "127.0.1.2", "127.0.1.3", "127.0.1.4"
HOSTS = ("127.0.1.11", "127.0.1.12")
GATEWAYS = ("127.0.1.21", "127.0.1.22")
EXPERIMENT = "fleet"
WORKERS = 2
"""Of each application, and of the MLflow server."""

ALERTS = Path(__file__).resolve().parents[2] / "config" / "prometheus" / "prometheus.yaml"


@dataclass(frozen=True)
class Fleet:
    """All of it, running."""

    postgres: Postgres
    mlflow: MlflowServer
    gateways: tuple[Collector, ...]
    agents: tuple[Collector, ...]
    apps: tuple[AppServer, ...]
    dashboard: AppServer
    prometheus: Prometheus
    experiment_id: str


@contextlib.contextmanager
def fleet(folder: Path, *overlays: str, **environment: str) -> Iterator[Fleet]:
    """Start all of it from the back to the front, and stop it from the front to the back.

    `overlays` are files that go over gateway.yaml, with the values that they want.
    """
    with contextlib.ExitStack() as stopped:
        postgres = Postgres()
        stopped.callback(postgres.stop)
        mlflow = MlflowServer(_made(folder / "mlflow"), store=postgres.uri, host=MLFLOW, workers=WORKERS)
        stopped.callback(mlflow.stop)
        experiment_id = experiment(MlflowClient(mlflow.url), EXPERIMENT)
        proxy = MlflowProxy(folder / "proxy", mlflow.url, host=PROXY)
        stopped.callback(proxy.stop)
        gateways = []
        for address in GATEWAYS:
            place = folder / f"gateway-{address}"
            gateways.append(gateway(place, address, proxy.url, experiment_id, *overlays, **environment))
            stopped.callback(gateways[-1].stop)
        agents = []
        for address in HOSTS:
            agents.append(agent(folder / f"agent-{address}", address, GATEWAYS))
            stopped.callback(agents[-1].stop)
        apps = []
        for address in HOSTS:
            apps.append(_application(folder / f"host-{address}", address, mlflow.url))
            stopped.callback(apps[-1].terminate)
        dashboard = _dashboard(folder / "dashboard", mlflow.url)
        stopped.callback(dashboard.terminate)
        prometheus = Prometheus(_made(folder / "prometheus"), ALERTS, dashboard.url.removeprefix("http://"))
        stopped.callback(prometheus.stop)
        yield Fleet(postgres, mlflow, tuple(gateways), tuple(agents), tuple(apps), dashboard, prometheus, experiment_id)


def _application(folder: Path, address: str, mlflow: str) -> AppServer:
    settings = _settings(mlflow, f"http://{address}:4318/v1/traces")
    return AppServer("tests.fleet.app:app", folder=folder, environment=settings, workers=WORKERS, host=address)


def _dashboard(folder: Path, mlflow: str) -> AppServer:
    """It looks at what all hosts have sent, and asks the Collectors how they are."""
    hops = ",".join(f"http://{address}:8888/metrics" for address in (*HOSTS, *GATEWAYS))
    settings = _settings(mlflow, f"http://{HOSTS[0]}:4318/v1/traces") | {"OTEL_MLFLOW_OTLP__MONITOR": hops}
    return AppServer("tests.fleet.dashboard:app", folder=folder, environment=settings, host=DASHBOARD)


def _settings(mlflow: str, endpoint: str) -> dict[str, str]:
    return {
        "OTEL_MLFLOW_TRACKING_URI": mlflow,
        "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
        "OTEL_MLFLOW_SERVICE_NAME": EXPERIMENT,
        "OTEL_MLFLOW_TRACING__BACKEND": "otlp",
        "OTEL_MLFLOW_OTLP__ENDPOINT": endpoint,
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
