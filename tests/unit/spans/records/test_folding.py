"""One call is one span: the numbers are those of the rule in `otel_mlflow/spans/records/folding.py`."""

from __future__ import annotations

import gc
import json
import time
import weakref
from typing import Any, cast

import mlflow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import Span

from otel_mlflow.spans.propagation import MLFLOW_PROPAGATOR
from otel_mlflow.spans.records.trace_summary import ModelUse, summary_from_tag
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.spans.test_trace import start, state_of
from tests.unit.trees import drawn, shown, spans_of

ANTHROPIC_SDK = "com.anthropic.sdk.python"
OPENINFERENCE = "openinference.instrumentation.anthropic"
TRACELOOP = "opentelemetry.instrumentation.anthropic"
MLFLOW = "mlflow.tracing.provider"
OPENINFERENCE_LANGCHAIN = "openinference.instrumentation.langchain"
TRACELOOP_LANGCHAIN = "opentelemetry.instrumentation.langchain"
MODEL = {"openinference.span.kind": "LLM"}
STEP = {"openinference.span.kind": "CHAIN"}
OPENINFERENCE_OPENAI = "openinference.instrumentation.openai"

CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.usage.input_tokens": 11,
    "gen_ai.usage.output_tokens": 7,
}
"""As the libraries' own spans say it."""

USAGE = '{"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}'
AUTOLOGGED: dict[str, Any] = {
    "mlflow.spanType": '"CHAT_MODEL"',
    "mlflow.message.format": '"anthropic"',
    "mlflow.chat.tokenUsage": USAGE,
    "mlflow.llm.model": '"claude"',
}


def call(
    scope: str, name: str, parent: Span, attributes: dict[str, Any] | None = None, at: tuple[int, int] = (0, 100)
) -> Span:
    """A finished span about a call."""
    span = open_call(scope, name, parent, attributes, at[0])
    span.end(at[1] + 1_000)
    return span


def open_call(scope: str, name: str, parent: Span, attributes: dict[str, Any] | None = None, at: int = 0) -> Span:
    """A span about a call that is not over."""
    said = attributes if attributes is not None else AUTOLOGGED if scope == MLFLOW else CHAT
    context = trace_api.set_span_in_context(parent)
    span = trace_api.get_tracer(scope).start_span(name, context=context, attributes=said, start_time=at + 1_000)
    assert isinstance(span, Span)
    return span


def test_1_spans_of_another_library_are_another_call(traces: CapturedTraces) -> None:
    """One client may call another."""
    root = start("root")
    call(OPENINFERENCE_OPENAI, "openai", call(MLFLOW, "anthropic", root))
    root.end()
    assert shown(traces) == drawn("root > anthropic > openai")


def test_1_spans_of_another_kind_are_another_call(traces: CapturedTraces) -> None:
    """An agent calls models."""
    root = start("root")
    agent = call(MLFLOW, "agent", root, {**AUTOLOGGED, "mlflow.spanType": '"AGENT"'})
    call(ANTHROPIC_SDK, "model", agent)
    root.end()
    assert shown(traces) == drawn("root > agent > model")


def test_1_spans_of_no_kind_stay(traces: CapturedTraces) -> None:
    """A client's HTTP requests are shown, and so is what users open."""
    root = start("root")
    model = call(MLFLOW, "model", root)
    call("opentelemetry.instrumentation.httpx", "POST", model, {"http.request.method": "POST"})
    call(MLFLOW, "mine", model, {"mlflow.spanType": '"CHAT_MODEL"'})
    root.end()
    assert shown(traces) == drawn("root > model > [POST, mine]")


def test_2_a_tool_of_mlflow_s_is_of_its_agent_s_family(traces: CapturedTraces) -> None:
    """MLflow does not say so on the span itself."""
    root = start("root")
    agent = call(MLFLOW, "agent", root, {"mlflow.spanType": '"AGENT"', "mlflow.message.format": '"pydantic_ai"'})
    tool = call(MLFLOW, "add", agent, {"mlflow.spanType": '"TOOL"'})
    call("pydantic-ai", "execute_tool add", tool, {"gen_ai.operation.name": "execute_tool"})
    root.end()
    assert shown(traces) == drawn("root > agent > add")


def test_2_embeddings_of_openai_are_known_by_their_name(traces: CapturedTraces) -> None:
    """MLflow names no family there either."""
    root = start("root")
    openinference = call(OPENINFERENCE_OPENAI, "CreateEmbeddings", root, {"openinference.span.kind": "EMBEDDING"})
    call(MLFLOW, "Embeddings", openinference, {"mlflow.spanType": '"EMBEDDING"'})
    root.end()
    assert shown(traces) == drawn("root > Embeddings")


def test_2_a_user_s_tool_is_of_no_family(traces: CapturedTraces) -> None:
    """It is shown under the instrumentation's span, which nobody else has."""
    root = start("root")
    tool = call("pydantic-ai", "execute_tool", root, {"gen_ai.operation.name": "execute_tool"})
    call(MLFLOW, "mine", tool, {"mlflow.spanType": '"TOOL"'})
    root.end()
    assert shown(traces) == drawn("root > execute_tool > mine")


def test_3_the_highest_rank_is_kept(traces: CapturedTraces) -> None:
    """Whichever is around the others."""
    root = start("root")
    sdk = call(ANTHROPIC_SDK, "sdk", root)
    traceloop = call(TRACELOOP, "traceloop", sdk, {"llm.request.type": "chat"})
    openinference = call(OPENINFERENCE, "openinference", traceloop, {"openinference.span.kind": "LLM"})
    call(MLFLOW, "mlflow", openinference)
    root.end()
    assert shown(traces) == drawn("root > mlflow")


def test_3_without_mlflow_openinference_is_kept(traces: CapturedTraces) -> None:
    """Before Traceloop, and before the library."""
    root = start("root")
    openinference = call(OPENINFERENCE, "openinference", root, {"openinference.span.kind": "LLM"})
    call(ANTHROPIC_SDK, "sdk", call(TRACELOOP, "traceloop", openinference, {"llm.request.type": "chat"}))
    root.end()
    assert shown(traces) == drawn("root > openinference")


def test_3_spans_of_one_scope_stay(traces: CapturedTraces) -> None:
    """A call within a call."""
    root = start("root")
    call(ANTHROPIC_SDK, "inner", call(ANTHROPIC_SDK, "outer", root))
    root.end()
    assert shown(traces) == drawn("root > outer > inner")


def test_4_a_span_directly_in_the_kept_one_is_folded(traces: CapturedTraces) -> None:
    """As the library's own span in MLflow's."""
    root = start("root")
    call(ANTHROPIC_SDK, "sdk", call(MLFLOW, "model", root))
    root.end()
    assert shown(traces) == drawn("root > model")


def test_5_a_span_around_several_stays(traces: CapturedTraces) -> None:
    """It is a step of its own, such as a loop of calls."""
    root = start("root")
    loop = call(ANTHROPIC_SDK, "loop", root)
    call(MLFLOW, "first", loop, at=(0, 10))
    call(MLFLOW, "second", loop, at=(20, 30))
    root.end()
    assert shown(traces) == drawn("root > loop > [first, second]")


def test_6_spans_beside_each_other_are_one_call_if_they_overlap(traces: CapturedTraces) -> None:
    """As Anthropic's, whose clients do not take MLflow's span for their parent."""
    root = start("root")
    call(MLFLOW, "model", root, at=(0, 100))
    call(ANTHROPIC_SDK, "during", root, at=(10, 90))
    call(ANTHROPIC_SDK, "later", root, at=(200, 300))
    root.end()
    assert shown(traces) == drawn("root > [model, later]")


def test_6_parallel_calls_find_their_own(traces: CapturedTraces) -> None:
    """None is lost, and none takes what another says."""
    root = start("root")
    for number in range(5):
        call(MLFLOW, f"model{number}", root, at=(10 * number, 1_000))
        call(ANTHROPIC_SDK, "sdk", root, {**CHAT, "number": number}, at=(10 * number + 1, 990))
    call(ANTHROPIC_SDK, "alone", root, at=(60, 70))
    root.end()
    assert shown(traces) == drawn("root > [model0, model1, model2, model3, model4, alone]")
    numbers = {name: span.attributes.get("number") for name, span in spans_of(traces[0]).items()}
    assert [numbers[f"model{number}"] for number in range(5)] == [0, 1, 2, 3, 4]


def test_7_children_move_up(traces: CapturedTraces) -> None:
    """And what was apart before is folded thereby."""
    agent = {"gen_ai.operation.name": "invoke_agent"}
    root = start("root")
    kept = call(MLFLOW, "agent", root, {"mlflow.spanType": '"AGENT"', "mlflow.message.format": '"pydantic_ai"'})
    folded = call("pydantic-ai", "invoke_agent", kept, agent)
    call("pydantic-ai", "chat", folded, at=(10, 20))
    call(MLFLOW, "model", kept, {**AUTOLOGGED, "mlflow.message.format": '"pydantic_ai"'}, at=(9, 21))
    start("query", folded).end()
    root.end()
    assert shown(traces) == drawn("root > agent > [model, query]")


def test_7_children_that_end_later_move_up_too(traces: CapturedTraces) -> None:
    """In a record of their own."""
    root = start("root")
    folded = call(ANTHROPIC_SDK, "sdk", call(MLFLOW, "model", root))
    late = start("late", folded)
    root.end()
    late.end()
    assert shown(traces) == drawn("root > model > late")


def test_8_what_only_the_folded_span_says_is_kept(traces: CapturedTraces) -> None:
    """What both say, the kept one does."""
    root = start("root")
    model = call(MLFLOW, "model", root, {**AUTOLOGGED, "both": "kept"})
    call(ANTHROPIC_SDK, "sdk", model, {**CHAT, "both": "folded", "anthropic.request_id": "req_1"})
    root.end()
    attributes = spans_of(traces[0])["model"].attributes
    assert (attributes["both"], attributes["anthropic.request_id"]) == ("kept", "req_1")


def test_8_tokens_count_once(traces: CapturedTraces) -> None:
    """In the trace's sum, and in its summary."""
    root = start("root")
    call(MLFLOW, "model", root, at=(0, 100))
    call(ANTHROPIC_SDK, "sdk", root, {**CHAT, "gen_ai.request.model": "claude"}, at=(10, 90))
    root.end()
    summary = summary_from_tag(traces[0].info.tags["otel_mlflow.summary"])
    assert summary is not None
    assert summary.models == {"claude": ModelUse(1, 11, 7, 18, None)}
    assert state_of(root).trace.tokens == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


def test_1_steps_of_langchain_are_known_by_their_names(traces: CapturedTraces) -> None:
    """What another instrumentation shows of a chain is folded into ours; what it alone shows stays."""

    def answer(_: object) -> str:
        return "yes"

    root = start("root")
    with trace_api.use_span(root):
        shadow = open_call(OPENINFERENCE_LANGCHAIN, "RunnableSequence", root, STEP, time.time_ns())
        with trace_api.use_span(shadow):
            (RunnableLambda(answer) | RunnableLambda(answer)).invoke("?")
        shadow.end()
        call(TRACELOOP_LANGCHAIN, "Nobody.workflow", root, {"traceloop.span.kind": "workflow"})
    root.end()
    assert shown(traces) == drawn("root > [Nobody.workflow, RunnableSequence > [answer, answer]]")


def test_4_a_span_in_one_that_has_taken_another_goes_beside(traces: CapturedTraces) -> None:
    """A chain in one of the same name has its own counterpart there."""
    root = start("root")
    langchain = {**AUTOLOGGED, "mlflow.message.format": '"langchain"'}
    outer = call(MLFLOW, "outer", root, langchain, at=(0, 100))
    inner = call(MLFLOW, "inner", outer, langchain, at=(10, 90))
    shadow = call(OPENINFERENCE_LANGCHAIN, "shadow", outer, MODEL, at=(1, 99))
    call(OPENINFERENCE_LANGCHAIN, "shadow", shadow, {**MODEL, "is": "inner"}, at=(11, 89))
    call(MLFLOW, "leaf", inner, {**AUTOLOGGED, "mlflow.spanType": '"TOOL"'}, at=(20, 30))
    root.end()
    assert shown(traces) == drawn("root > outer > inner > leaf")
    assert spans_of(traces[0])["inner"].attributes["is"] == "inner"


def test_9_what_was_written_before_stays(traces: CapturedTraces) -> None:
    """MLflow has it already."""
    root = start("root")
    kept = open_call(MLFLOW, "model", root)
    call(ANTHROPIC_SDK, "sdk", kept)
    root.end()
    assert len(traces[0].data.spans) == 2
    kept.end()
    assert shown(traces) == drawn("root > model > sdk")


def test_9_the_id_that_another_process_was_told_stays(traces: CapturedTraces) -> None:
    """Its spans hang on it: the kept span goes by it."""
    root = start("root")
    model = open_call(MLFLOW, "model", root)
    sdk = open_call(ANTHROPIC_SDK, "sdk", model)
    MLFLOW_PROPAGATOR.inject({}, trace_api.set_span_in_context(sdk))
    start("query", model).end()
    sdk_id = f"{state_of(sdk).span_id:016x}"
    sdk.end()
    model.end()
    root.end()
    assert shown(traces) == drawn("root > model > query")
    assert spans_of(traces[0])["model"].span_id == sdk_id


def test_9_two_ids_that_another_process_was_told_stay(traces: CapturedTraces) -> None:
    """A span has one."""
    root = start("root")
    model = open_call(MLFLOW, "model", root)
    sdk = open_call(ANTHROPIC_SDK, "sdk", model)
    for span in (model, sdk):
        MLFLOW_PROPAGATOR.inject({}, trace_api.set_span_in_context(span))
    sdk.end()
    model.end()
    root.end()
    assert shown(traces) == drawn("root > model > sdk")


def test_10_a_root_stays(traces: CapturedTraces) -> None:
    """Outside requests the library's span may be one."""
    sdk = open_call(ANTHROPIC_SDK, "sdk", trace_api.INVALID_SPAN)  # type: ignore[arg-type]
    call(MLFLOW, "model", sdk)
    sdk.end()
    assert shown(traces) == drawn("sdk > model")


def test_what_mlflow_s_own_api_opens_is_known_as_mlflow_s(traces: CapturedTraces) -> None:
    """The name of its scope is private to MLflow: this test says when it changes."""
    with mlflow.start_span("model", span_type="CHAT_MODEL") as model:
        model.set_attribute("mlflow.message.format", "anthropic")
        with trace_api.get_tracer(ANTHROPIC_SDK).start_as_current_span("sdk", attributes=CHAT):
            pass
    assert shown(traces) == drawn("model")


SCOPES = (MLFLOW, OPENINFERENCE, TRACELOOP, ANTHROPIC_SDK, "a.library")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(SCOPES), st.integers(0, 9)), max_size=12))
def test_any_tree_stays_a_tree(fresh_process: None, steps: list[tuple[int, str, int]]) -> None:
    """Every span is shown once or folded into one that is, whatever stands where."""
    with capture() as traces:
        spans = [root := start("root")]
        for number, (above, scope, at) in enumerate(steps):
            spans.append(call(scope, f"span{number}", spans[above % len(spans)], at=(at, at + 5)))
        states = [state_of(span) for span in spans]
        root.end()
        written = {span.span_id: span for span in traces[0].data.spans}
        assert len(written) == sum(state.folded_into is None for state in states)
        for span in written.values():
            reached = {span.span_id}
            while span.parent_id is not None:
                span = written[span.parent_id]
                assert span.span_id not in reached
                reached.add(span.span_id)


def test_9_spans_that_are_cut_short_are_one_call_too() -> None:
    """A stream whose client is gone is ended by nobody, at none of those who trace it."""
    with capture() as traces:
        root = start("root")
        held = [
            outer := open_call(TRACELOOP, "openai.chat", root),
            open_call(MLFLOW, "Messages", outer),
            open_call(OPENINFERENCE, "messages", outer, MODEL),
        ]
        state_of(root).trace.cut()
        root.end()
        (trace,) = traces
        assert sorted(span.name for span in trace.data.spans) == ["Messages", "root"]
        for span in reversed(held):
            span.end()
        (trace,) = traces
    assert sorted(span.name for span in trace.data.spans) == ["Messages", "root"]


LANGCHAIN_MODEL = {**AUTOLOGGED, "mlflow.message.format": '"langchain"'}


def test_11_the_client_of_a_framework_s_model_is_the_same_call(traces: CapturedTraces) -> None:
    """Both flavours of MLflow's trace it; what only the client's span says is kept."""
    root = start("root")
    chat = open_call(MLFLOW, "ChatAnthropic", root, {"mlflow.spanType": '"CHAT_MODEL"', **_format("langchain")})
    call(MLFLOW, "Messages", chat)
    chat.end()
    root.end()
    assert shown(traces) == drawn("root > ChatAnthropic")
    assert spans_of(traces[0])["ChatAnthropic"].get_attribute("mlflow.chat.tokenUsage") == json.loads(USAGE)


@pytest.mark.parametrize("scope", [ANTHROPIC_SDK, OPENINFERENCE, TRACELOOP])
def test_11_whoever_traces_the_client(traces: CapturedTraces, scope: str) -> None:
    """Anthropic's client traces itself as soon as there is a tracer provider: with LangChain's flavour alone, too."""
    root = start("root")
    chat = open_call(MLFLOW, "ChatAnthropic", root, LANGCHAIN_MODEL)
    call(scope, "anthropic.messages.create", chat, MODEL if scope == OPENINFERENCE else CHAT)
    chat.end()
    root.end()
    assert shown(traces) == drawn("root > ChatAnthropic")


def test_11_also_with_the_framework_s_own_span_between(traces: CapturedTraces) -> None:
    """pydantic-ai traces itself, too, and calls OpenAI's client in there."""
    root = start("root")
    request = open_call(MLFLOW, "Model.request", root, {**AUTOLOGGED, **_format("pydantic_ai")})
    chat = open_call("pydantic-ai", "chat", request)
    call(MLFLOW, "AsyncCompletions", chat, OPENAI_MODEL)
    for each in (chat, request, root):
        each.end()
    assert shown(traces) == drawn("root > Model.request")


@pytest.mark.parametrize(
    "scope", ["gcp.vertex.agent", "strands.telemetry.tracer", "openinference.instrumentation.agno"]
)
def test_11_spans_of_a_framework_that_mlflow_works_with_count_as_its(traces: CapturedTraces, scope: str) -> None:
    """Google ADK and Strands trace themselves, and nobody else does; MLflow's agno is OpenInference's."""
    root = start("root")
    chat = open_call(scope, "chat", root)
    call(MLFLOW, "AsyncCompletions", chat, OPENAI_MODEL)
    chat.end()
    root.end()
    assert shown(traces) == drawn("root > chat")


GPT = {"model": '"gpt"'}
LITELLM_MODEL = {"mlflow.spanType": '"LLM"', "litellm_call_id": '"1"', "mlflow.chat.tokenUsage": USAGE, **GPT}


def test_11_what_litellm_tells_of_a_call_afterwards_is_openai_s(traces: CapturedTraces) -> None:
    """Its callback opens a span when the call is over, beside that of the client."""
    root = start("root")
    call(MLFLOW, "first", root, {**OPENAI_MODEL, **GPT}, at=(10, 90))
    call(MLFLOW, "litellm's first", root, LITELLM_MODEL, at=(0, 100))
    call(MLFLOW, "second", root, {**OPENAI_MODEL, **GPT}, at=(30, 95))
    call(MLFLOW, "litellm's second", root, LITELLM_MODEL, at=(29, 100))
    root.end()
    assert shown(traces) == drawn("root > [first, second]")


def test_11_whoever_traces_openai_s_client_below_litellm(traces: CapturedTraces) -> None:
    """Others name the model elsewhere."""
    root = start("root")
    call(OPENINFERENCE_OPENAI, "openai", root, {**MODEL, "llm.model_name": "gpt"})
    call(MLFLOW, "litellm", root, LITELLM_MODEL)
    root.end()
    assert shown(traces) == drawn("root > openai")


def test_11_litellm_s_call_of_another_model_stays(traces: CapturedTraces) -> None:
    """It was made without OpenAI's client, whatever that was doing meanwhile; so does one that nobody else tells of."""
    root = start("root")
    call(MLFLOW, "openai", root, {**OPENAI_MODEL, **GPT})
    call(MLFLOW, "claude", root, {**LITELLM_MODEL, "model": '"claude"'})
    call(MLFLOW, "gpt later", root, LITELLM_MODEL, at=(200, 300))
    root.end()
    assert shown(traces) == drawn("root > [openai, claude, gpt later]")


def test_11_litellm_is_the_client_of_a_framework(traces: CapturedTraces) -> None:
    """DSPy calls models with it, and it calls OpenAI's client."""
    root = start("root")
    model = open_call(MLFLOW, "LM.__call__", root, {**AUTOLOGGED, **_format("dspy")})
    call(MLFLOW, "openai", model, {**OPENAI_MODEL, **GPT})
    call(MLFLOW, "litellm", model, LITELLM_MODEL)
    model.end()
    root.end()
    assert shown(traces) == drawn("root > LM.__call__")


def test_11_litellm_tells_of_a_call_that_mlflow_has_already(traces: CapturedTraces) -> None:
    """On a thread of its own, when the request was answered long ago."""
    root = start("root")
    call(MLFLOW, "openai", root, {**OPENAI_MODEL, **GPT})
    root.end()
    assert len(traces[0].data.spans) == 2
    call(MLFLOW, "litellm", root, LITELLM_MODEL)
    assert shown(traces) == drawn("root > openai")


@pytest.mark.parametrize("clients", [["openai"], []])
def test_11_litellm_tells_of_a_framework_s_call_that_mlflow_has_already(
    traces: CapturedTraces, clients: list[str]
) -> None:
    """Whether the client with which LiteLLM made it is traced or not: that is folded into the framework's."""
    root = start("root")
    model = open_call(MLFLOW, "LM", root, {"mlflow.spanType": '"CHAT_MODEL"', **_format("dspy")})
    for client in clients:
        call(MLFLOW, client, model, {**OPENAI_MODEL, **GPT}, at=(20_000, 90_000))
    model.end()
    root.end()
    assert shown(traces) == drawn("root > LM")
    call(MLFLOW, "litellm", model, LITELLM_MODEL, at=(10_000, 95_000))
    assert shown(traces) == drawn("root > LM")
    call(MLFLOW, "another", model, LITELLM_MODEL)
    assert shown(traces) == drawn("root > LM > another")


def test_11_two_calls_within_a_framework_s_are_told_later_as_two(traces: CapturedTraces) -> None:
    """None of them is the framework's own."""
    root = start("root")
    model = open_call(MLFLOW, "LM", root, {"mlflow.spanType": '"CHAT_MODEL"', **_format("dspy")})
    for at in (10, 90), (100, 190):
        call(MLFLOW, f"openai {at[0]}", model, {**OPENAI_MODEL, **GPT}, at=at)
    model.end()
    root.end()
    assert shown(traces) == drawn("root > LM > [openai 10, openai 100]")
    for at in (0, 95), (98, 195), (300, 400):
        call(MLFLOW, f"litellm {at[0]}", model, LITELLM_MODEL, at=at)
    assert shown(traces) == drawn("root > LM > [openai 10, openai 100, litellm 300]")


def test_11_several_calls_of_the_client_stay(traces: CapturedTraces) -> None:
    """A call that was tried again was served twice."""
    root = start("root")
    chat = open_call(MLFLOW, "ChatAnthropic", root, LANGCHAIN_MODEL)
    call(MLFLOW, "first", chat)
    call(MLFLOW, "second", chat)
    chat.end()
    root.end()
    assert shown(traces) == drawn("root > ChatAnthropic > [first, second]")


def test_11_a_span_of_the_user_s_own_stays(traces: CapturedTraces) -> None:
    """It is round the call, and is no flavour's."""
    root = start("root")
    own = open_call(MLFLOW, "mine", root, {"mlflow.spanType": '"CHAT_MODEL"'})
    call(MLFLOW, "Messages", own)
    own.end()
    root.end()
    assert shown(traces) == drawn("root > mine > Messages")


def _format(flavour: str) -> dict[str, str]:
    return {"mlflow.message.format": f'"{flavour}"'}


def test_6_a_log_about_the_end_of_a_stream_is_folded_besides(traces: CapturedTraces) -> None:
    """Logfire opens a span for the call, and another one when the stream is over."""
    root = start("root")
    kept = call(MLFLOW, "model", root, {**AUTOLOGGED, **_format("openai")}, at=(0, 100))
    call("logfire.openai", "call", root, CHAT, at=(1, 50))
    call("logfire.openai", "over", root, {**CHAT, "logfire.span_type": "log"}, at=(99, 99))
    root.end()
    assert kept.is_recording() is False
    assert shown(traces) == drawn("root > model")


OPENAI_MODEL: dict[str, Any] = {**AUTOLOGGED, **_format("openai")}
LANGSMITH_LANGCHAIN: dict[str, Any] = {**CHAT, "gen_ai.system": "openai", "langsmith.span.kind": "llm"}
LANGSMITH_MODEL: dict[str, Any] = {
    **LANGSMITH_LANGCHAIN,
    "langsmith.metadata.ls_method": "traceable",
    "langsmith.metadata.ls_provider": "openai",
}
"""As its wrapper says it; LangChain's own tracer of LangSmith has no such method."""


def test_2_langsmith_names_the_family_in_its_attributes(traces: CapturedTraces) -> None:
    """Its scope is the same whatever it traces."""
    root = start("root")
    call(MLFLOW, "model", root, OPENAI_MODEL, at=(0, 100))
    call("langsmith", "ChatOpenAI", root, LANGSMITH_MODEL, at=(0, 100))
    root.end()
    assert shown(traces) == drawn("root > model")


def test_2_langsmith_s_tracer_of_langchain_is_of_langchain_s_family(traces: CapturedTraces) -> None:
    """It names the model's provider; the framework's span is the same call, and OpenAI's beside it is another."""
    root = start("root")
    call(MLFLOW, "ChatOpenAI", root, LANGCHAIN_MODEL, at=(0, 100))
    call("langsmith", "ChatOpenAI's shadow", root, LANGSMITH_LANGCHAIN, at=(0, 100))
    call(MLFLOW, "openai", root, OPENAI_MODEL, at=(0, 100))
    root.end()
    assert shown(traces) == drawn("root > [ChatOpenAI, openai]")


def test_2_a_prompt_is_no_model_though_langsmith_s_operation_says_so(traces: CapturedTraces) -> None:
    """Its type of run tells."""
    root = start("root")
    call(MLFLOW, "ChatOpenAI", root, LANGCHAIN_MODEL, at=(0, 100))
    call("langsmith", "prompt", root, {**CHAT, "langsmith.span.kind": "prompt"}, at=(0, 100))
    root.end()
    assert shown(traces) == drawn("root > [ChatOpenAI, prompt]")


def test_2_what_langsmith_is_wrapped_round_without_a_provider_is_of_no_family(traces: CapturedTraces) -> None:
    """It says LangChain for whatever it does not know: a function of the user's is nobody else's step."""
    root = start("root")
    traced = {"gen_ai.system": "langchain", "langsmith.metadata.ls_method": "traceable", "langsmith.span.kind": "llm"}
    call(MLFLOW, "ChatOpenAI", root, LANGCHAIN_MODEL, at=(0, 100))
    call("langsmith", "mine", root, traced, at=(0, 100))
    root.end()
    assert shown(traces) == drawn("root > [ChatOpenAI, mine]")


def test_9_what_is_told_of_a_call_later_is_no_second_call(traces: CapturedTraces) -> None:
    """LangSmith exports in the background: the call beside its span is written by then, and so is the root."""
    root = start("root")
    call(MLFLOW, "model", root, OPENAI_MODEL, at=(0, 100))
    root.end()
    assert shown(traces) == drawn("root > model")
    call("langsmith", "ChatOpenAI", root, LANGSMITH_MODEL, at=(0, 101))
    assert shown(traces) == drawn("root > model")
    assert state_of(root).trace.tokens == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


def test_9_what_is_told_later_within_the_call_s_span_is_folded(traces: CapturedTraces) -> None:
    """As LiteLLM tells its own on a thread that was given the context."""
    root = start("root")
    model = call(MLFLOW, "model", root)
    root.end()
    assert len(traces) == 1
    call(ANTHROPIC_SDK, "sdk", model)
    assert shown(traces) == drawn("root > model")


def test_9_each_call_is_told_of_once_by_each_source(traces: CapturedTraces) -> None:
    """Of parallel calls none is lost: what is left over has no counterpart."""
    root = start("root")
    call(MLFLOW, "first", root, OPENAI_MODEL, at=(0, 100))
    call("langsmith", "in time", root, LANGSMITH_MODEL, at=(0, 100))
    call(MLFLOW, "second", root, OPENAI_MODEL, at=(1, 100))
    root.end()
    assert len(traces) == 1
    call("langsmith", "late", root, LANGSMITH_MODEL, at=(2, 100))
    call("langsmith", "nobody else's", root, LANGSMITH_MODEL, at=(3, 100))
    assert shown(traces) == drawn("root > [first, second, nobody else's]")


def test_9_a_later_call_is_another_one(traces: CapturedTraces) -> None:
    """It does not overlap what MLflow has."""
    root = start("root")
    call(MLFLOW, "model", root, OPENAI_MODEL, at=(0, 100))
    root.end()
    assert len(traces) == 1
    call("langsmith", "background", root, LANGSMITH_MODEL, at=(200, 300))
    assert shown(traces) == drawn("root > [model, background]")


def test_9_children_of_what_is_told_later_move_up(traces: CapturedTraces) -> None:
    """To the span that MLflow has, however late they are."""
    root = start("root")
    call(MLFLOW, "model", root, OPENAI_MODEL, at=(0, 100))
    root.end()
    assert len(traces) == 1
    late = call("langsmith", "late", root, LANGSMITH_MODEL, at=(0, 100))
    start("child", late).end()
    assert shown(traces) == drawn("root > model > child")


def test_9_what_is_remembered_of_calls_keeps_no_trace_in_memory(traces: CapturedTraces) -> None:
    """It goes with the last span that anybody holds, without a garbage collection."""
    root = start("root")
    call(MLFLOW, "model", root)
    trace = weakref.ref(state_of(root).trace)
    root.end()
    assert len(traces) == 1
    gc.disable()
    try:
        del root
        assert trace() is None
    finally:
        gc.enable()


def test_9_what_is_told_of_a_chain_later_is_folded_with_all_that_is_in_it(traces: CapturedTraces) -> None:
    """LangSmith's runs of a whole agent come when the request is over: steps by name, models and tools by kind."""

    def answer(_: object) -> str:
        call(MLFLOW, "ChatOpenAI", cast(Span, trace_api.get_current_span()), LANGCHAIN_MODEL, at=(0, 2**62))
        return "yes"

    root = start("root")
    begun = time.time_ns()
    with trace_api.use_span(root):
        RunnableLambda(answer).with_config(run_name="agent").invoke("?")
    root.end()
    assert shown(traces) == drawn("root > agent > ChatOpenAI")
    chain = call("langsmith", "agent", root, {"langsmith.span.kind": "chain"}, at=(begun, time.time_ns()))
    call("langsmith", "model", chain, LANGSMITH_LANGCHAIN, at=(begun, time.time_ns()))
    assert shown(traces) == drawn("root > agent > ChatOpenAI")
