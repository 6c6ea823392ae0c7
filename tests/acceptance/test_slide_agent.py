"""The slide agent under uvicorn: what a turn of it leaves in a real MLflow."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Any

import httpx
import pytest
from mlflow.entities import Trace

from app.agent.model import MODEL_NAME
from tests.acceptance.service import Service
from tests.servers.app_server import REPOSITORY
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import parse, picture, trees

QUESTION = "How did revenue develop by region in 2024?"
MODEL = "model > EmbeddedSlideModel"
TOOL = "tools > query_genie_space"
AGENT = f"slide_agent > [{MODEL}, {TOOL}, {MODEL}, {TOOL}, {TOOL}, {MODEL}]"
TURN = f"POST /api/chat > turn > [{AGENT}, parse_deck, save_turn]"
REFUSED = f"POST /api/chat > turn > [slide_agent > [{MODEL}, {TOOL}!, {MODEL}], save_turn]"


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app with the settings in config/, in one process."""
    service = Service(
        "app.main:app",
        folder=tmp_path_factory.mktemp("slides"),
        tracking_uri=mlflow_server.url,
        environment={"OTEL_MLFLOW_CONFIG": str(REPOSITORY / "config" / "mlflow.yaml")},
    )
    until(
        lambda: service.get("/api/tracing/status").json()["state"] == "ok",
        seconds=60,
        waiting_for=lambda: service.get("/api/tracing/status").text,
    )
    yield service
    service.server.terminate()


def ask(service: Service, message: str = QUESTION, **asked: Any) -> Any:
    """One turn; the answer."""
    answer = httpx.post(f"{service.server.url}/api/chat", json={"message": message, **asked}, timeout=60)
    return answer.raise_for_status().json()


def arrived(service: Service, trace_ids: Collection[str]) -> dict[str, Trace]:
    """These traces, when the app says that all is delivered, and MLflow that it has them."""
    found: dict[str, Trace] = {}

    def all_there() -> bool:
        done = not counts(service)["pending"]
        found.update((trace.info.trace_id, trace) for trace in service.reader.traces())
        return done and found.keys() >= set(trace_ids)

    until(all_there, seconds=60, waiting_for=lambda: f"{len(trace_ids)} traces; the app says {counts(service)}")
    return {name: found[name] for name in trace_ids}


def counts(service: Service) -> dict[str, int]:
    """What became of the requests so far."""
    counted: dict[str, int] = service.get("/api/tracing/status").json()["counts"]
    return counted


def trace_of(service: Service, answer: Any) -> Trace:
    """The trace of an answer."""
    name = answer["metadata"]["trace_id"]
    return arrived(service, [name])[name]


@pytest.fixture(scope="module")
def turn(service: Service) -> tuple[Any, Trace]:
    """One answered question and its trace."""
    answer = ask(service)
    return answer, trace_of(service, answer)


def test_a_turn_is_one_complete_trace(turn: tuple[Any, Trace]) -> None:
    """Request, turn, agent, each call of model and tool, parsing: all there, each in its place."""
    assert picture(trees(turn[1].data.spans)) == picture([parse(TURN)])


def test_spans_have_their_types(turn: tuple[Any, Trace]) -> None:
    """Model and tool calls are told apart."""
    types = [span.span_type for span in turn[1].data.spans]
    assert (types.count("CHAT_MODEL"), types.count("TOOL")) == (3, 3)


def test_the_trace_names_the_session_and_the_model(turn: tuple[Any, Trace]) -> None:
    """The session of the request, and the model that was really called."""
    answer, trace = turn
    assert trace.info.trace_metadata["mlflow.trace.session"] == answer["session_id"]
    models = {span.get_attribute("mlflow.llm.model") for span in trace.data.spans if span.span_type == "CHAT_MODEL"}
    assert models == {MODEL_NAME}


def test_tokens_sum_up(turn: tuple[Any, Trace]) -> None:
    """What the trace says it used is what its model calls used."""
    trace = turn[1]
    used = [usage for span in trace.data.spans if (usage := span.get_attribute("mlflow.chat.tokenUsage"))]
    assert len(used) == 3
    assert trace.info.token_usage == {kind: sum(usage[kind] for usage in used) for kind in used[0]}


def test_the_root_shows_question_and_answer(turn: tuple[Any, Trace]) -> None:
    """Inputs and outputs of the trace are those of the request."""
    answer, trace = turn
    root = next(span for span in trace.data.spans if span.parent_id is None)
    assert root.inputs["message"] == QUESTION
    assert root.outputs["session_id"] == answer["session_id"]


def test_the_answer_leads_to_its_trace(turn: tuple[Any, Trace], service: Service) -> None:
    """The address names the server, the experiment and the trace."""
    answer, trace = turn
    url = answer["metadata"]["trace_url"]
    assert url.endswith(f"#/experiments/{trace.info.experiment_id}/traces?selectedEvaluationId={trace.info.trace_id}")
    assert httpx.get(url.partition("#")[0], timeout=30).is_success


def test_what_the_data_refuse_is_an_error_of_the_tool_alone(service: Service) -> None:
    """The tool's span has failed, the turn has not."""
    answer = ask(service, "headcount by region")
    trace = trace_of(service, answer)
    assert picture(trees(trace.data.spans)) == picture([parse(REFUSED)])
    assert trace.info.state.value == "OK"


def test_refused_input_leads_to_its_request(service: Service) -> None:
    """An error's ids are those of the response's headers."""
    answer = httpx.post(f"{service.server.url}/api/chat", json={"message": ""}, timeout=30)
    assert answer.status_code == 422
    assert answer.json()["trace_id"] == answer.headers["X-MLflow-Trace-Id"]
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_turns_at_once_stay_apart(service: Service) -> None:
    """Twenty turns side by side: each trace is whole and in its own session."""
    answers = asyncio.run(ask_at_once(service, 20))
    sessions = {answer["metadata"]["trace_id"]: answer["session_id"] for answer in answers}
    traces = arrived(service, sessions)
    assert {name: trace.info.trace_metadata["mlflow.trace.session"] for name, trace in traces.items()} == sessions
    assert {picture(trees(trace.data.spans)) for trace in traces.values()} == {picture([parse(TURN)])}


async def ask_at_once(service: Service, times: int) -> list[Any]:
    """The same question in as many sessions, all at the same time."""
    async with service.client() as client:
        answers = await asyncio.gather(*(client.post("/api/chat", json={"message": QUESTION}) for _ in range(times)))
    return [answer.raise_for_status().json() for answer in answers]
