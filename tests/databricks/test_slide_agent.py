"""The slide agent in databricks mode, end to end: model serving, Genie and traces in one workspace, as one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace
from mlflow.exceptions import MlflowException

from tests.app.chat_clients import CHAT_DATABRICKS
from tests.servers.app_server import REPOSITORY, AppServer
from tests.servers.process import until
from tests.servers.traces import parse, picture, trees
from tests.servers.workspace import TOKEN, USER, Fault, Workspace
from tests.servers.workspace.genie import SPACE_ID, Genie
from tests.servers.workspace.serving import ENDPOINT, SERVED_MODEL, Serving

SECONDS = 90
MODEL = "model > ServingModel"
ASKED = {"message": "revenue by region in 2024", "max_slides": 2}


@pytest.fixture(scope="module")
def genie() -> Genie:
    """A space that answers at the first look."""
    return Genie(states=("EXECUTING_QUERY",))


@pytest.fixture(scope="module")
def workspace(genie: Genie) -> Iterator[Workspace]:
    """A workspace that has everything."""
    with Workspace(Serving(), genie) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def app(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app in databricks mode, whose traces find their experiment."""
    folder = tmp_path_factory.mktemp("slides")
    environment = {
        **workspace.environment,
        "OTEL_MLFLOW_CONFIG": str(REPOSITORY / "config" / "mlflow.yaml"),
        "OTEL_MLFLOW_EXPERIMENT_NAME": f"/Users/{USER}/slides",
        "SLIDES_MODEL": "databricks",
        "SLIDES_DATA": "databricks",
        "SLIDES_DATABRICKS__SERVING_ENDPOINT": ENDPOINT,
        "SLIDES_DATABRICKS__GENIE_SPACE_ID": SPACE_ID,
        "SLIDES_DATABASE": str(folder / "slides.db"),
        "SLIDES_ENV_FILE": "",
    }
    server = AppServer("app.main:app", folder=folder, environment=environment, import_first=CHAT_DATABRICKS)
    status = f"{server.url}/api/tracing/status"
    until(lambda: httpx.get(status).json()["state"] == "ok", seconds=SECONDS, waiting_for=lambda: server.log)
    yield server
    server.terminate()


def ask(app: AppServer, **asked: Any) -> Any:
    """One turn; the answer."""
    answer = httpx.post(f"{app.url}/api/chat", json={**ASKED, **asked}, timeout=SECONDS)
    assert answer.is_success, answer.text + app.log[-4000:]
    return answer.json()


def trace_of(client: MlflowClient, answer: Any) -> Trace:
    """Its trace, as MLflow's own client reads it."""

    def read() -> Trace | None:
        try:
            trace = client.get_trace(answer["metadata"]["trace_id"])
        except MlflowException:
            return None
        return trace if trace.data.spans else None

    return until(read, seconds=SECONDS, waiting_for=lambda: "the trace")


def test_a_turn_goes_through_the_workspace(app: AppServer, client: MlflowClient, workspace: Workspace) -> None:
    """The deck is made of what Genie and the model said; everything is asked with the credential of the traces."""
    answer = ask(app)
    assert answer["metadata"]["mode"] == "databricks"
    assert answer["slide_deck"]["title"] == "North leads with 36% of revenue in 2024"
    assert "conversation" not in str(answer["messages"])
    trace = trace_of(client, answer)
    tool = "tools > query_genie_space > genie_attempt"
    agent = f"slide_agent > [{MODEL}, {tool}, {MODEL}, {tool}, {MODEL}]"
    tree = f"POST /api/chat > turn > [{agent}, parse_deck, save_turn]"
    assert picture(trees(trace.data.spans)) == picture([parse(tree)])
    served = [span for span in trace.data.spans if span.name == "ServingModel"]
    assert {span.get_attribute("mlflow.llm.model") for span in served} <= {ENDPOINT, SERVED_MODEL}
    assert all(span.get_attribute("mlflow.chat.tokenUsage") for span in served)
    asked = [one for one in workspace.api.requests if "/genie/" in one.path or "/serving-endpoints/" in one.path]
    assert {one.headers["authorization"] for one in asked} == {f"Bearer {TOKEN}"}
    path = "chat/completions" if CHAT_DATABRICKS else f"{ENDPOINT}/invocations"
    assert {one.path for one in asked if "/serving-endpoints/" in one.path} == {f"/serving-endpoints/{path}"}


def test_the_next_turn_goes_on_in_the_session_s_conversation(app: AppServer, genie: Genie) -> None:
    """Genie's conversation is the session's, over turns."""
    before = len(genie.conversations)
    first = ask(app)
    ask(app, session_id=first["session_id"], message="units by product")
    assert len(genie.conversations) == before + 1
    ask(app)
    assert len(genie.conversations) == before + 2


def test_attempts_are_in_the_trace_and_the_last_failure_is_the_tool_s(
    app: AppServer, client: MlflowClient, genie: Genie
) -> None:
    """Three spans that failed, a tool that failed, a model that says so in plain words, and a turn that is whole."""
    genie.failures += ["warehouse one", "warehouse two", "warehouse three"]
    answer = ask(app)
    assert "in 3 attempts: Genie ended as FAILED: warehouse three" in answer["messages"][-1]["content"]
    trace = trace_of(client, answer)
    attempts = "[genie_attempt!, genie_attempt!, genie_attempt!]"
    agent = f"slide_agent > [{MODEL}, tools > query_genie_space! > {attempts}, {MODEL}]"
    tree = f"POST /api/chat > turn > [{agent}, save_turn]"
    assert picture(trees(trace.data.spans)) == picture([parse(tree)])
    assert trace.info.state.value == "OK"


def test_an_endpoint_that_is_gone_is_a_bad_gateway(app: AppServer, workspace: Workspace) -> None:
    """The person is told which, and the next turn works when it is back."""
    workspace.api.faults.add("/serving-endpoints/", Fault(404, "RESOURCE_DOES_NOT_EXIST", "it was deleted"), times=1)
    answer = httpx.post(f"{app.url}/api/chat", json=ASKED, timeout=SECONDS)
    assert answer.status_code == 502
    assert f"the endpoint '{ENDPOINT}' answered 404" in answer.json()["detail"]
    assert ask(app)["slide_deck"]
