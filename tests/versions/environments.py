"""The environments of the version matrix: the lock, and what is laid over it.

An override takes the place of what the lock has; what it needs besides is named with it, because nothing is resolved.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """`overrides` are installed over the lock; `python` is None for the one that runs this."""

    name: str
    package: str
    version: str
    overrides: tuple[str, ...] = ()
    python: str | None = None


def _all_at(version: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{name}=={version}" for name in names)


_MLFLOW = ("mlflow", "mlflow-skinny", "mlflow-tracing")
_OPENTELEMETRY = (
    *("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-proto"),
    *("opentelemetry-exporter-otlp-proto-http", "opentelemetry-exporter-otlp-proto-common"),
)
_OPENTELEMETRY_CONTRIB = (
    *("opentelemetry-semantic-conventions", "opentelemetry-instrumentation", "opentelemetry-instrumentation-asgi"),
    *("opentelemetry-instrumentation-fastapi", "opentelemetry-util-http", "opentelemetry-distro"),
    "opentelemetry-exporter-prometheus",
)

ENVIRONMENTS = (
    Environment("lock", "the lock", "as locked"),
    Environment("mlflow-3.8", "mlflow", "3.8.0", (*_all_at("3.8.0", *_MLFLOW), "sqlalchemy==2.0.44")),
    Environment("mlflow-3.12", "mlflow", "3.12.0", _all_at("3.12.0", *_MLFLOW)),
    Environment("mlflow-3.18", "mlflow", "3.18.0", ("mlflow==3.18.0",)),
    Environment(
        "opentelemetry-1.34",
        "opentelemetry-sdk",
        "1.34.0",
        (*_all_at("1.34.0", *_OPENTELEMETRY), *_all_at("0.55b0", *_OPENTELEMETRY_CONTRIB), "importlib-metadata==8.7.0"),
    ),
    Environment(
        "langchain-1.0",
        "langchain",
        "1.0.0",
        (
            "langchain==1.0.0",
            "langchain-core==1.0.0",
            "langgraph==1.0.0",
            "langgraph-prebuilt==1.0.0",
            "langgraph-checkpoint==3.0.0",
        ),
    ),
    Environment("fastapi-0.115", "fastapi", "0.115.0", ("fastapi==0.115.0", "starlette==0.38.6")),
    Environment("python-3.10", "Python", "3.10", python="3.10"),
    Environment("python-3.11", "Python", "3.11", python="3.11"),
    Environment("python-3.12", "Python", "3.12", python="3.12"),
    Environment("python-3.13", "Python", "3.13", python="3.13"),
    Environment("python-3.14", "Python", "3.14", python="3.14"),
)
