"""One application whose traces go through an agent and a gateway to MLflow."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.acceptance.service import Service
from tests.fleet.collector import Collector, agent, gateway
from tests.servers.process import until


class ServiceBehindCollectors(Service):
    """A service whose traces have been delivered when those Collectors have sent all that they have taken, too."""

    collectors: tuple[Collector, ...] = ()

    def flush(self) -> None:
        """Have all that has ended delivered, as far as MLflow."""
        super().flush()
        for each in self.collectors:
            until(each.has_sent_all, seconds=30, waiting_for=functools.partial(_what_waits, each))


@dataclass(frozen=True)
class Way:
    """The application and its Collectors, all of them running."""

    service: Service
    agent: Collector
    gateway: Collector
    experiment_id: str


@contextlib.contextmanager
def way(
    app: str,
    folder: Path,
    mlflow: str,
    *,
    network: str,
    overlays: tuple[str, ...] = (),
    application: Mapping[str, str] = MappingProxyType({}),
    **environment: str,
) -> Iterator[Way]:
    """Start all of it, and stop it in the end.

    `network` is the beginning of the loopback addresses that the two Collectors have for themselves; `overlays` are
    files that go over gateway.yaml, with the values that they want; `application` are more settings of the application.
    """
    agent_address, gateway_address = f"{network}.1", f"{network}.2"
    settings = {
        "OTEL_MLFLOW_TRACING__BACKEND": "otlp",
        "OTEL_MLFLOW_OTLP__ENDPOINT": f"http://{agent_address}:4318/v1/traces",
        "OTEL_MLFLOW_OTLP__MONITOR": f"http://{agent_address}:8888/metrics,http://{gateway_address}:8888/metrics",
    }
    with contextlib.ExitStack() as stopped:
        service = ServiceBehindCollectors(
            app, folder=folder / "app", tracking_uri=mlflow, environment=settings | dict(application)
        )
        stopped.callback(service.server.terminate)
        experiment_id = experiment(service.reader.client, service.reader.experiment)
        gateway_ = gateway(folder / "gateway", gateway_address, mlflow, experiment_id, *overlays, **environment)
        stopped.callback(gateway_.stop)
        agent_ = agent(folder / "agent", agent_address, [gateway_address, gateway_address])
        stopped.callback(agent_.stop)
        service.collectors = (agent_, gateway_)
        yield Way(service, agent_, gateway_, experiment_id)


def _what_waits(collector: Collector) -> str:
    return f"the queue of the Collector at {collector.address}; its log:\n{collector.log[-4000:]}"


def experiment(client: MlflowClient, name: str) -> str:
    """The id of the experiment, which is made here where nobody has made it yet."""
    with contextlib.suppress(MlflowException):
        client.create_experiment(name)
    found = client.get_experiment_by_name(name)
    assert found is not None, name
    return str(found.experiment_id)
