"""The slide agent's schema, held against what its routes answer: whatever is sent, nothing else comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.servers.app_server import AppServer
from tests.servers.process import until

CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
SECONDS = 60


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as it is served, without tracing."""
    folder: Path = tmp_path_factory.mktemp("schema")
    environment = {
        "OTEL_MLFLOW_TRACING__ENABLED": "false",
        "SLIDES_DATABASE": str(folder / "slides.db"),
        "SLIDES_ENV_FILE": "",
        "SLIDES_FOLLOW_SECONDS": "0.1",
    }
    server = AppServer("app.main:app", folder=folder, environment=environment)

    def answers() -> bool:
        try:
            return httpx.get(f"{server.url}/api/health").is_success
        except httpx.HTTPError:
            return False

    until(answers, seconds=SECONDS, waiting_for=lambda: server.log)
    yield server.url
    server.terminate()


@settings(max_examples=6, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=strategies.data())
def check(operation: Any, mode: schemathesis.GenerationMode, data: strategies.DataObject) -> None:
    """Send what the schema allows, or what it forbids."""
    case: Any = data.draw(operation.as_strategy(generation_mode=mode))
    case.call_and_validate(checks=CHECKS, timeout=SECONDS)


def test_whatever_is_sent_the_schema_says_what_comes_back(url: str) -> None:
    """A status of the schema, its media type, its body; no 500, and no bad input that passes."""
    schema: Any = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        check(operation, schemathesis.GenerationMode.POSITIVE)
        # Where there is no input, none is wrong.
        with suppress(Unsatisfiable):
            check(operation, schemathesis.GenerationMode.NEGATIVE)
