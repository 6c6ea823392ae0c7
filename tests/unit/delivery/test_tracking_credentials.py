"""What MLflow's REST client reads from the environment holds for deliveries."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow.tracking.request_auth import registry as auth_registry
from mlflow.tracking.request_header import registry as header_registry

from otel_mlflow import Settings
from otel_mlflow.backends.client_settings import WORKSPACE_HEADER, response_timeout
from otel_mlflow.backends.tracking_credentials import TrackingCredentials
from otel_mlflow.delivery.destinations import destination_for, destination_key, settings_for
from otel_mlflow.errors import MisconfigurationError, SettingsError
from tests.delivering import spans_of
from tests.servers.scripted import OTLP, Fault, ScriptedMlflow

QUICKLY = (2.0, 2.0)
SPANS = spans_of(b"t" * 16, spans=1)


@pytest.fixture
def server() -> Iterator[ScriptedMlflow]:
    """A server that remembers what it was sent."""
    with ScriptedMlflow() as server:
        yield server


class Signing(requests.auth.AuthBase):
    """Signs each request; answers a challenge by sending it again."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign it."""
        request.headers["X-Signature"] = f"{request.method} {request.path_url} {len(request.body or b'')}"
        request.register_hook("response", self._answer_challenge)  # type: ignore[no-untyped-call]
        return request

    def _answer_challenge(self, response: requests.Response, **options: Any) -> requests.Response:
        if response.status_code != 401:
            return response
        response.content  # noqa: B018, so that the connection can be used again
        request = response.request.copy()
        request.headers["X-Challenge"] = "answered"
        again: requests.Response = response.connection.send(request, **options)
        return again


class Plugin:
    """What a package registers with MLflow."""

    def get_name(self) -> str:
        """The word for MLFLOW_TRACKING_AUTH."""
        return "signing"

    def get_auth(self) -> Signing:
        """What requests calls."""
        return Signing()


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that is installed and chosen."""
    monkeypatch.setattr(auth_registry._request_auth_provider_registry, "_registry", [Plugin()])
    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", "signing")


def test_a_plugin_signs_each_request(plugin: None, server: ScriptedMlflow) -> None:
    """As requests lets it, over connections that are kept."""
    credentials = TrackingCredentials.read(server.url)
    client = credentials.client(connections=1, timeouts=QUICKLY)
    for _ in range(2):
        assert client.post(OTLP, SPANS, {}).status == 200
    assert [headers["X-Signature"] for headers in server.headers] == [f"POST {OTLP} {len(SPANS)}"] * 2
    assert "signing" in credentials.identity
    assert "MLFLOW_TRACKING_AUTH" in credentials.source
    client.close()


def test_a_plugin_may_answer_a_challenge(plugin: None, server: ScriptedMlflow) -> None:
    """Some send a request twice."""
    server.faults.append(Fault(401))
    client = TrackingCredentials.read(server.url).client(connections=1, timeouts=QUICKLY)
    assert client.post(OTLP, SPANS, {}).status == 200
    assert server.headers[-1]["X-Challenge"] == "answered"
    client.close()


def test_a_plugin_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it."""
    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", "not-here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow says it, too.
        with pytest.raises(MisconfigurationError, match="'not-here'"):
            TrackingCredentials.read("http://m:5000")


def test_settings_that_contradict_each_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MLflow's own words, as something that a person has to mend."""
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(tmp_path))
    with pytest.raises(MisconfigurationError, match="contradict each other"):
        TrackingCredentials.read("https://m:5000")


def test_a_flag_that_is_neither_true_nor_false(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault of ours: the variable is named."""
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "perhaps")
    with pytest.raises(MisconfigurationError, match="MLFLOW_TRACKING_INSECURE_TLS"):
        TrackingCredentials.read("https://m:5000")


def test_header_providers_are_asked_for_each_request(monkeypatch: pytest.MonkeyPatch, server: ScriptedMlflow) -> None:
    """One may hand out a token that holds for an hour."""
    given = iter(("first", "second"))

    class Provider:
        def in_context(self) -> bool:
            return True

        def request_headers(self) -> dict[str, str]:
            return {"X-Token": next(given)}

    monkeypatch.setattr(header_registry._request_header_provider_registry, "_registry", [Provider()])
    client = TrackingCredentials.read(server.url).client(connections=1, timeouts=QUICKLY)
    for _ in range(2):
        client.get("/version", {})
    assert [headers["X-Token"] for headers in server.headers] == ["first", "second"]
    client.close()


def test_the_workspace_is_named_on_each_request(monkeypatch: pytest.MonkeyPatch, server: ScriptedMlflow) -> None:
    """It is what the settings said at the start, whatever user code makes of the environment later."""
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team-a")
    destination = destination_for(Settings(tracking_uri=server.url, experiment_name="x"))
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team-b")
    destination.open()
    destination.close()
    assert {headers[WORKSPACE_HEADER] for headers in server.headers} == {"team-a"}


@pytest.mark.parametrize(("value", "seconds"), [("", 30.0), ("7", 7.0), ("0", 30.0), ("soon", 30.0), ("inf", 30.0)])
def test_the_timeout_is_mlflow_s_where_it_is_set(monkeypatch: pytest.MonkeyPatch, value: str, seconds: float) -> None:
    """What is no number of seconds is passed over."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", value)
    assert response_timeout(30.0) == seconds


def test_workspaces_do_not_mix_in_the_spool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One experiment's name in two of them is two destinations; a key leads back to its own."""
    server = Settings(tracking_uri="http://m:5000", experiment_name="x")
    team = Settings(tracking_uri="http://m:5000", experiment_name="x", workspace="team a")
    assert destination_key(server) != destination_key(team)
    assert destination_key(settings_for(destination_key(team), server)) == destination_key(team)
    assert destination_key(settings_for(destination_key(server), team)) == destination_key(server)

    profiles = tmp_path / "databrickscfg"
    profiles.write_text("[DEFAULT]\nhost = https://one.example/\n[other]\nhost = https://two.example\n")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(profiles))
    monkeypatch.delenv("DATABRICKS_HOST", raising=False)
    one = Settings(tracking_uri="databricks", experiment_name="/Shared/x")
    key = destination_key(one)
    assert "one.example" in key
    assert "two.example" in destination_key(one.model_copy(update={"tracking_uri": "databricks://other"}))
    monkeypatch.setenv("DATABRICKS_HOST", "https://three.example")
    assert "three.example" in destination_key(one)
    with pytest.raises(SettingsError, match=r"one\.example"):
        settings_for(key, one)
