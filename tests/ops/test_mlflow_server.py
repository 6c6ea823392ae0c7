"""What an MLflow server is asked, and what is said where it cannot answer. The figures are in `test_backends`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.summary import Disclosure
from tests.ops import expected, seed
from tests.ops.comparing import close
from tests.ops.conftest import SEEDED
from tests.ops.dashboards import settings_of
from tests.servers.mlflow_server import MlflowServer
from tests.servers.scripted import ScriptedMlflow


def asked(server: MlflowServer, folder: Path, **parameters: str) -> dict[str, Any]:
    """What the dashboard says of the seeded server."""
    source = source_for(settings_of(folder, folder, tracking_uri=server.url))
    return source.summary(question_of(parameters, seed.END)).to_dict(Disclosure())


def test_traces_that_delivery_sent_are_counted(server: MlflowServer, tmp_path: Path) -> None:
    """Tokens by model, users and status codes too, which the server does not group by."""
    found = asked(server, tmp_path, window="24h")
    start, end = (expected.moment(found["window"][name]) for name in ("start", "end"))
    wanted = expected.figures(SEEDED, start, end, found["window"]["step_seconds"] * 1000)
    for name in ("totals", "models", "users", "statuses"):
        assert found[name] == close(wanted[name])


def test_a_trace_has_the_address_of_its_page(server: MlflowServer, tmp_path: Path) -> None:
    """In MLflow's own UI."""
    slowest = asked(server, tmp_path, window="24h")["slowest"][0]
    assert slowest["url"].startswith(f"{server.url}/#/experiments/1/traces?")
    assert slowest["url"].endswith(f"selectedEvaluationId={slowest['trace_id']}")


def test_a_value_with_quotes_can_be_asked_for(server: MlflowServer, tmp_path: Path) -> None:
    """Filters are applied in the index, not in MLflow's language."""
    assert asked(server, tmp_path, window="1h", session='"it\'s"')["totals"]["requests"] == 0


def test_credentials_that_are_rejected_are_told_as_such(tmp_path: Path) -> None:
    """With what to do."""
    with ScriptedMlflow() as server:
        server.authorization = "Bearer another"
        source = source_for(settings_of(tmp_path, tmp_path, tracking_uri=server.url))
        with pytest.raises(MisconfigurationError, match="check the credentials"):
            source.summary(question_of({}, seed.END))
