"""Turns of the slide agent in a real MLflow: the trace compared whole, however the turn was asked for and ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Span, Trace

from app.agent.model import MODEL_NAME
from app.turns.failures import CANCELLED
from app.turns.jobs import LOST
from tests.acceptance.slide_service import ADA, SECONDS, TURN_OUTCOME, SlideService, typed_picture
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import parse, picture

ASKED = {"message": "revenue by region in 2024", "max_slides": 2}
QUERIES = ["revenue by region in 2024", "revenue by month in 2024"]
MODEL = "model (CHAIN) > EmbeddedSlideModel (CHAT_MODEL)"
TOOL = "tools (CHAIN) > query_genie_space (TOOL)"
AGENT = f"slide_agent (CHAIN) > [{MODEL}, {TOOL}, {MODEL}, {TOOL}, {MODEL}]"
REST = f"{AGENT}, parse_deck (PARSER), save_turn (TASK)"
TREES = {
    "/api/chat": f"POST /api/chat (UNKNOWN) > turn (AGENT) > [{REST}]",
    "/api/chat/stream": f"POST /api/chat/stream (UNKNOWN) > turn (AGENT) > [queue (TASK), {REST}]",
    "/api/chat/async": f"POST /api/chat/async (UNKNOWN) > turn (AGENT) > [queue (TASK), {REST}]",
}
SPANS = {path: len(parse(tree)) for path, tree in TREES.items()}


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlideService]:
    """The app as it is served."""
    service = SlideService(folder=tmp_path_factory.mktemp("turns"), tracking_uri=mlflow_server.url)
    yield service
    service.server.terminate()


def streamed(service: SlideService, body: Any, **headers: str) -> list[tuple[str, Any]]:
    """The events of a turn."""
    url = f"{service.server.url}/api/chat/stream"
    text = httpx.post(url, json=body, headers={**ADA, **headers}, timeout=SECONDS).raise_for_status().text
    events = [event.split("\n")[-2:] for event in text.strip().split("\n\n") if "event: " in event]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in events]


def answer_by(service: SlideService, path: str) -> Any:
    """The answer to the question, asked for in this way."""
    if path == "/api/chat/stream":
        return streamed(service, ASKED)[-1][1]
    answer = service.post(path, ASKED)
    return answer if path == "/api/chat" else service.polled(answer)["result"]


@pytest.fixture(scope="module", params=list(TREES))
def turn(request: pytest.FixtureRequest, service: SlideService) -> tuple[str, Any, Trace]:
    """The way, the answer, and its trace."""
    answer = answer_by(service, request.param)
    trace_id = answer["metadata"]["trace_id"]
    service.trace(trace_id, SPANS[request.param], TURN_OUTCOME)
    service.wait_for_info(trace_id, {"response_preview": answer["messages"][-1]["content"]})
    return request.param, answer, service.trace(trace_id)


def spans(trace: Trace, name: str) -> list[Span]:
    """The spans of that name, in the order in which they began."""
    return sorted((span for span in trace.data.spans if span.name == name), key=lambda span: span.start_time_ns)


def test_the_trace_lasts_from_the_order_to_the_deck(turn: tuple[str, Any, Trace], service: SlideService) -> None:
    """In whichever way it was asked for: to the end of its last span, which may be told after the span."""
    _, _, trace = turn
    first = min(span.start_time_ns for span in trace.data.spans)
    last = max(span.end_time_ns or 0 for span in trace.data.spans)
    expected = pytest.approx((last - first) / 1e6, abs=2)

    def duration() -> Any:
        return service.trace(trace.info.trace_id).info.execution_duration

    until(lambda: duration() == expected, seconds=SECONDS, waiting_for=lambda: f"{expected} ms, not {duration()}")


def test_the_tree_is_exact(turn: tuple[str, Any, Trace]) -> None:
    """Every span, under its parent, with its type."""
    path, _, trace = turn
    assert typed_picture(trace) == picture([parse(TREES[path])])


def test_inputs_and_outputs_are_those_of_the_turn(turn: tuple[str, Any, Trace]) -> None:
    """On the root what came in, on the turn what came out, on each tool the question and its rows."""
    _, answer, trace = turn
    (root,) = [span for span in trace.data.spans if span.parent_id is None]
    (taken,) = spans(trace, "turn")
    said = {"messages": [{"role": "user", "content": ASKED["message"]}]}
    assert (root.inputs, taken.inputs) == ({**ASKED, **said}, ASKED)
    assert taken.outputs["answer"] == answer["messages"][-1]["content"]
    assert [span.inputs for span in spans(trace, "query_genie_space")] == [{"query": query} for query in QUERIES]
    told = [one["content"] for one in answer["messages"] if one["role"] == "tool"]
    assert [span.outputs["content"] for span in spans(trace, "query_genie_space")] == told


def test_mlflow_shows_the_turn_as_a_conversation(turn: tuple[str, Any, Trace]) -> None:
    """The question and the answer in words, not the JSON around them."""
    _, answer, trace = turn
    previews = trace.info.request_preview, trace.info.response_preview
    assert previews == (ASKED["message"], answer["messages"][-1]["content"])


def test_tokens_sum_up(turn: tuple[str, Any, Trace]) -> None:
    """What the trace says it used is what its three model calls used."""
    _, _, trace = turn
    used: list[Any] = [span.get_attribute("mlflow.chat.tokenUsage") for span in spans(trace, "EmbeddedSlideModel")]
    assert len(used) == 3
    assert trace.info.token_usage == {kind: sum(usage[kind] for usage in used) for kind in used[0]}


def test_user_session_and_model_are_named(turn: tuple[str, Any, Trace]) -> None:
    """The forwarded user, the session of the answer, the model that was really called."""
    _, answer, trace = turn
    assert trace.info.trace_metadata["mlflow.trace.user"] == ADA["X-Forwarded-Email"]
    assert trace.info.trace_metadata["mlflow.trace.session"] == answer["session_id"]
    models = {span.get_attribute("mlflow.llm.model") for span in spans(trace, "EmbeddedSlideModel")}
    assert models == {MODEL_NAME}
    assert trace.info.tags["turn.outcome"] == "completed"


def test_the_run_of_a_turn_is_named_after_its_session(turn: tuple[str, Any, Trace], service: SlideService) -> None:
    """With the turn's params and metrics, and linked to the trace."""
    _, answer, trace = turn
    client = MlflowClient(service.reader.client.tracking_uri)

    def run() -> Any:
        found = client.search_runs([str(trace.info.experiment_id)], f"params.session_id = '{answer['session_id']}'")
        return next((one for one in found if "slides" in one.data.metrics), None)

    found = until(run, seconds=SECONDS, waiting_for=lambda: f"the run of {answer['session_id']}")
    assert found.info.run_name == f"slide_generation_{answer['session_id']}"
    assert found.data.params["max_slides"] == "2"
    assert (found.data.metrics["tool_calls"], found.data.metrics["slides"]) == (2, 2)


def test_secrets_stay_out_of_the_trace(service: SlideService) -> None:
    """What a person lets slip in a question, and what stands in the headers, is nowhere in the trace."""
    canaries = [
        "dapi" + "0123456789abcdef" * 2,
        "canary-" + "authorization",
        "canary-" + "cookie",
        "canary-" + "user-token",
    ]
    headers = {
        "Authorization": f"Bearer {canaries[1]}",
        "Cookie": f"session={canaries[2]}",
        "X-Forwarded-Access-Token": canaries[3],
    }
    asked = {**ASKED, "message": f"{ASKED['message']} token={canaries[0]}"}
    answer = service.post("/api/chat", asked, **headers)
    trace = service.trace(answer["metadata"]["trace_id"], 6, TURN_OUTCOME)
    said = str(trace.to_dict())
    assert "revenue by region in 2024" in said
    assert [canary for canary in canaries if canary in said] == []


def test_polls_and_visits_leave_no_traces(service: SlideService) -> None:
    """What is only looked at is not worth a trace."""
    before = service.status()["counts"]["traced"]
    for path in (
        "/",
        "/api/sessions",
        "/api/health",
        "/page/main.js",
        "/api/chat/poll/nothing",
        "/api/chat/events/nothing",
    ):
        httpx.get(service.server.url + path, headers=ADA, timeout=SECONDS)
    assert service.status()["counts"]["traced"] == before


def test_feedback_may_follow_the_answer_at_once(service: SlideService) -> None:
    """The assessment is on that trace, with value, reason and whose it is; a reload shows it too."""
    answer = service.post("/api/chat", ASKED)
    trace_id = answer["metadata"]["trace_id"]
    given = {"trace_id": trace_id, "value": False, "rationale": "Too few slides"}
    assert service.post("/api/feedback", given)["stored"] is True

    def assessed() -> Any:
        return service.trace(trace_id).info.assessments

    (feedback,) = until(assessed, seconds=SECONDS, waiting_for=lambda: "the assessment")
    assert (feedback.name, feedback.value, feedback.rationale) == ("user_feedback", False, "Too few slides")
    assert feedback.source.source_id == ADA["X-Forwarded-Email"]
    kept = service.get(f"/api/sessions/{answer['session_id']}/messages", headers=ADA).json()["messages"]
    assert kept[-1]["feedback"] == {"value": False, "rationale": "Too few slides"}


def test_a_person_s_last_word_is_their_assessment(service: SlideService) -> None:
    """Three clicks and a reason are one assessment, with the last of them."""
    trace_id = service.post("/api/chat", ASKED)["metadata"]["trace_id"]
    for given in ({"value": True}, {"value": False}, {"value": False, "rationale": "Too few slides"}):
        assert service.post("/api/feedback", {"trace_id": trace_id, **given})["stored"] is True

    def said() -> Any:
        found: list[Any] = service.trace(trace_id).info.assessments
        return [(one.value, one.rationale) for one in found] == [(False, "Too few slides")]

    until(said, seconds=SECONDS, waiting_for=lambda: service.server.log[-3000:])


def test_who_used_how_many_tokens_is_one_call(service: SlideService) -> None:
    """Of the last week, by user: what the traces of that user's turns add up to."""
    traces = []
    for _ in range(2):
        answer = service.post("/api/chat", ASKED, **{"X-Forwarded-Email": "bob@example.com"})
        traces.append(service.trace(answer["metadata"]["trace_id"], SPANS["/api/chat"], TURN_OUTCOME))
    used = sum((trace.info.token_usage or {})["total_tokens"] for trace in traces)

    def told() -> bool:
        users = service.get("/ops/api/summary?window=7d").json()["users"]
        return {row["user"]: row["total_tokens"] for row in users}.get("bob@example.com") == used

    until(told, seconds=SECONDS, waiting_for=lambda: service.get("/ops/api/summary?window=7d").text[-2000:])


FAILED = "slide_agent (CHAIN) > model (CHAIN) > _Scripted (CHAT_MODEL)"
FAILED_REST = f"turn! (AGENT) > [{FAILED}, parse_deck! (PARSER)]"
FAILED_JOB = FAILED_REST.replace("> [", "> [queue (TASK), ")


def test_a_turn_that_fails_says_so_in_its_trace(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """Asked for in each way: the exact tree, the error where it happened, the turn's outcome, and whose it was."""
    service = SlideService("tests.app.served:failing", folder=tmp_path / "failing", tracking_uri=mlflow_server.url)
    try:
        chat = httpx.post(f"{service.server.url}/api/chat", json=ASKED, headers=ADA, timeout=SECONDS)
        name, error = streamed(service, ASKED)[-1]
        ordered = service.post("/api/chat/async", ASKED)
        assert (chat.status_code, name, service.polled(ordered)["status"]) == (502, "error", "error")
        roots = {
            chat.json()["trace_id"]: f"POST /api/chat! (UNKNOWN) > {FAILED_REST}",
            error["trace_id"]: f"POST /api/chat/stream (UNKNOWN) > {FAILED_JOB}",
            ordered["trace_id"]: f"POST /api/chat/async (UNKNOWN) > {FAILED_JOB}",
        }
        outcomes = {"turn.outcome": "error", "otel_mlflow.outcome": "error"}
        for trace_id, tree in roots.items():
            trace = service.grown(trace_id, tree)
            service.wait_for_info(trace_id, {**outcomes, "state": "ERROR"})
            assert trace.info.trace_metadata["mlflow.trace.user"] == ADA["X-Forwarded-Email"]
    finally:
        service.server.terminate()


@pytest.fixture
def held(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[SlideService]:
    """The app with a model that waits; one job at a time."""
    service = SlideService(
        "tests.app.served:held",
        folder=tmp_path / "held",
        tracking_uri=mlflow_server.url,
        environment={"SLIDES_JOBS_AT_ONCE": "1"},
    )
    yield service
    service.server.terminate()


def wait_for_model(service: SlideService) -> None:
    """Wait until the model is asked."""
    until(lambda: service.get("/control/reached").json(), seconds=SECONDS, waiting_for=lambda: service.server.log)


def test_a_killed_server_is_honest_about_its_jobs(held: SlideService) -> None:
    """What it was at is lost, in the poll and in the trace; what waited is done by the next one, in its own trace."""
    lost = held.post("/api/chat/async", ASKED)
    wait_for_model(held)
    waiting = held.post("/api/chat/async", ASKED)
    held.arrived([lost["trace_id"], waiting["trace_id"]])
    held.server.kill()
    held.server.start()
    assert (held.polled(lost)["status"], held.polled(lost)["detail"]) == ("error", LOST)
    wait_for_model(held)
    held.post("/control/go")
    assert held.polled(waiting)["status"] == "completed"
    # Its wait in the queue may have been written down before the kill: the turn is what to wait for.
    until(lambda: spans(held.trace(lost["trace_id"]), "turn"), seconds=SECONDS, waiting_for=lambda: held.server.log)
    trace = held.trace(lost["trace_id"])
    assert typed_picture(trace) == picture([parse("POST /api/chat/async (UNKNOWN) > turn! (AGENT)")])
    assert LOST in str(spans(trace, "turn")[0].events[0].attributes)
    outcomes = {"turn.outcome": "error", "otel_mlflow.outcome": "error"}
    held.wait_for_info(lost["trace_id"], {**outcomes, "state": "ERROR", "response_preview": LOST})
    done = TREES["/api/chat/async"].replace("EmbeddedSlideModel", "Held")
    held.grown(waiting["trace_id"], done)


def test_a_client_that_leaves_loses_nothing(held: SlideService) -> None:
    """It hangs up before the model has said a word: the turn goes on in its trace, which has the answer."""
    url = f"{held.server.url}/api/chat/stream"
    with httpx.stream("POST", url, json=ASKED, headers=ADA, timeout=SECONDS) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: session_created"
        ordered = json.loads(next(lines).removeprefix("data: "))
        wait_for_model(held)
    held.post("/control/go")
    result = held.polled(ordered)["result"]
    tree = TREES["/api/chat/stream"].replace("EmbeddedSlideModel", "Held").replace("stream (", "stream! (")
    trace = held.grown(ordered["trace_id"], tree)
    assert (trace.info.tags["turn.outcome"], trace.info.tags["otel_mlflow.outcome"]) == ("completed", "cancelled")
    held.wait_for_info(ordered["trace_id"], {"response_preview": result["messages"][-1]["content"]})


def test_a_cancelled_turn_is_no_success(held: SlideService) -> None:
    """Its trace says that it was cancelled, however long after the order; on each level."""
    ordered = held.post("/api/chat/async", ASKED)
    wait_for_model(held)
    assert held.post(f"/api/chat/{ordered['session_id']}/cancel")["cancelled"] is True
    held.post("/control/go")
    assert held.polled(ordered)["status"] == "cancelled"
    (turn,) = until(
        lambda: spans(held.trace(ordered["trace_id"]), "turn"), seconds=SECONDS, waiting_for=lambda: held.server.log
    )
    outcomes = {"turn.outcome": "cancelled", "otel_mlflow.outcome": "cancelled"}
    held.wait_for_info(ordered["trace_id"], {**outcomes, "state": "ERROR", "response_preview": CANCELLED})
    assert turn.status.status_code.value == "ERROR"
