# ruff: noqa: D103, a scenario's name says what it tries
"""What users write with MLflow's tracing, once for every public function. Each answers what its caller would see."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib
import importlib.util
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import mlflow
import mlflow.tracing
from mlflow import MlflowClient
from mlflow.entities import SpanEvent, SpanType
from mlflow.entities.trace_location import MlflowExperimentLocation

mlflow_any: Any = mlflow
tracing: Any = mlflow.tracing

SCENARIOS: dict[str, Callable[[], Any]] = {}
COVERS: dict[str, set[str]] = {}
"""Scenario → the public functions that it tries."""

Scenario = Callable[[], Any]


def scenario(*covers: str) -> Callable[[Scenario], Scenario]:
    """Register a scenario, unless the installed MLflow lacks one of its functions."""

    def register(function: Scenario) -> Scenario:
        if all(_is_there(name) for name in covers):
            SCENARIOS[function.__name__] = function
            COVERS[function.__name__] = set(covers)
        return function

    return register


def _is_there(name: str) -> bool:
    owner, _, attribute = name.rpartition(".")
    places: dict[str, Any] = {
        "mlflow": mlflow,
        "mlflow.tracing": mlflow.tracing,
        "MlflowClient": MlflowClient,
        "LiveSpan": mlflow.entities.LiveSpan,
    }
    return hasattr(places[owner], attribute) if owner in places else importlib.util.find_spec(owner) is not None


def _known_to(function: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The arguments that the function has in the installed MLflow: some came later than others."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in known}


@scenario("mlflow.start_span", "LiveSpan.set_inputs", "LiveSpan.set_outputs", "LiveSpan.set_attribute")
def spans_below_spans() -> None:
    with mlflow.start_span("outer", span_type=SpanType.CHAIN, attributes={"a": {"b": [1, None, True]}}) as outer:
        outer.set_inputs({"q": "?"})
        with mlflow.start_span("inner") as inner:
            inner.set_attribute("n", 1.5)
        outer.set_outputs(["!", 2])


@scenario("LiveSpan.set_attributes", "LiveSpan.set_span_type", "LiveSpan.set_status", "LiveSpan.add_event")
def all_that_a_span_says() -> None:
    with mlflow.start_span("work") as work:
        work.set_attributes({"text": "x", "list": [1, 2], "none": None})
        work.set_span_type(SpanType.TOOL)
        event: Any = SpanEvent
        work.add_event(event("noticed", attributes={"n": 1}))
        work.set_status("ERROR")


@scenario("LiveSpan.set_description", "LiveSpan.set_log_level")
def description_and_level() -> None:
    with mlflow.start_span("work") as work:
        work.set_description("what it does")
        work.set_log_level("WARNING")


@scenario("LiveSpan.record_exception")
def exceptions_are_recorded() -> None:
    with mlflow.start_span("work") as work:
        work.record_exception(ValueError("recorded"))


@scenario("LiveSpan.get_attribute", "LiveSpan.to_dict", "LiveSpan.to_immutable_span", "LiveSpan.to_otel_proto")
def a_span_is_read_while_it_is_open() -> Any:
    with mlflow.start_span("work", attributes={"a": [1]}) as work:
        work.set_inputs({"q": 1})
        immutable = work.to_immutable_span()
        proto: Any = work.to_otel_proto()
        shown = work.to_dict()
        return [work.get_attribute("a"), immutable.inputs, immutable.name, proto.name, shown["name"], work.span_type]


@scenario("mlflow.trace")
def decorated_functions() -> Any:
    @mlflow.trace(name="renamed", span_type=SpanType.RETRIEVER, attributes={"a": 1})
    def work(one: int, *more: int, **rest: int) -> int:
        return one + sum(more) + sum(rest.values())

    @mlflow.trace
    def failing() -> None:
        raise ValueError("raised")

    with contextlib.suppress(ValueError):
        failing()
    return work(1, 2, three=3)


@scenario("mlflow.trace")
async def decorated_coroutines() -> Any:
    @mlflow.trace
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        return number

    return await asyncio.gather(*(work(number) for number in range(3)))


@scenario("mlflow.trace")
def decorated_generators() -> Any:
    @mlflow.trace(output_reducer=sum)
    def numbers() -> Iterator[int]:
        yield 1
        with mlflow.start_span("between"):
            yield 2

    return list(numbers())


@scenario("mlflow.trace")
async def decorated_asynchronous_generators() -> Any:
    @mlflow.trace
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    return [number async for number in numbers()]


@scenario("mlflow.start_span_no_context", "LiveSpan.end")
def spans_without_context() -> None:
    start: Any = mlflow.start_span_no_context
    root = start("root", inputs=1, **_known_to(start, tags={"t": "1"}, metadata={"m": "2"}))
    child = mlflow.start_span_no_context("child", parent_span=root, span_type=SpanType.LLM, attributes={"a": "1"})
    child.end(outputs="child's")
    root.end(outputs="root's", status="OK")


@scenario("mlflow.get_current_active_span", "mlflow.get_active_trace_id")
def what_is_active() -> Any:
    with mlflow.start_span("work") as work:
        active = mlflow.get_current_active_span()
        assert active is not None
        active.set_attribute("from", "the active span")
        return [active.span_id == work.span_id, mlflow.get_active_trace_id() == work.trace_id]


@scenario("mlflow.get_last_active_trace_id")
def the_last_trace() -> Any:
    with mlflow.start_span("work") as work:
        pass
    last = mlflow.get_last_active_trace_id
    return [last() == work.trace_id, last(thread_local=True) == work.trace_id]


@scenario("mlflow.update_current_trace")
def the_current_trace_is_updated() -> None:
    update: Any = mlflow.update_current_trace
    with mlflow.start_span("work"):
        update(
            tags={"tag": "1"},
            metadata={"metadata": "2"},
            client_request_id="three",
            request_preview="asked",
            response_preview="answered",
            state="ERROR",
            **_known_to(update, session_id="session", user="user"),
        )


@scenario("mlflow.update_current_trace")
def the_state_of_a_trace_is_set() -> None:
    with mlflow.start_span("work"):
        mlflow.update_current_trace(state="ERROR")


@scenario("mlflow.tracing.context")
def a_scope_of_tags_and_metadata() -> None:
    with (
        tracing.context(session_id="s", user="u", tags={"outer": "1", "both": "o"}, metadata={"m": "1"}),
        tracing.context(tags={"inner": "2", "both": "i"}),
        mlflow.start_span("work"),
    ):
        pass


@scenario("mlflow.tracing.context")
def a_scope_without_tracing() -> Any:
    with tracing.context(enabled=False), mlflow.start_span("off") as off:
        off.set_inputs(1)
    with mlflow.start_span("on"):
        return off.trace_id


@scenario("mlflow.tracing.configure")
def span_processors_mask() -> None:
    def mask(span: Any) -> None:
        for side in ("inputs", "outputs"):
            if (value := getattr(span, side)) is not None:
                getattr(span, f"set_{side}")(str(value).replace("ada@example.com", "[MAIL]"))

    with tracing.configure(span_processors=[mask]), mlflow.start_span("work") as work:
        work.set_inputs({"to": "ada@example.com"})
        work.set_outputs("sent to ada@example.com")


@scenario("mlflow.tracing.disable", "mlflow.tracing.enable")
def tracing_is_switched_off_and_on() -> None:
    tracing.disable()
    with mlflow.start_span("off"):
        pass
    tracing.enable()
    with mlflow.start_span("on"):
        pass


@scenario("mlflow.tracing.reset")
def tracing_is_reset() -> None:
    tracing.reset()
    with mlflow.start_span("after"):
        pass


@scenario("mlflow.tracing.set_destination")
def a_destination_of_this_context() -> Any:
    tracing.set_destination(MlflowExperimentLocation(_other_experiment()), context_local=True)
    with mlflow.start_span("there"):
        pass
    provider: Any = importlib.import_module("mlflow.tracing.provider")
    provider._MLFLOW_TRACE_USER_DESTINATION.reset()


@scenario("mlflow.tracing.set_span_chat_tools")
def tools_of_a_chat() -> None:
    with mlflow.start_span("chat", span_type=SpanType.CHAT_MODEL) as chat:
        tool = {
            "type": "function",
            "function": {"name": "add", "description": "adds", "parameters": {"type": "object", "properties": {}}},
        }
        tracing.set_span_chat_tools(chat, [tool])


@scenario("mlflow.tracing.get_bridged_tracer_provider")
def spans_of_the_bridged_provider() -> None:
    tracer = tracing.get_bridged_tracer_provider().get_tracer("mlflow.bridged")
    with mlflow.start_span("outer") as outer:
        parent: Any = outer._span
        trace_api: Any = importlib.import_module("opentelemetry.trace")
        tracer.start_span("inner", context=trace_api.set_span_in_context(parent)).end()


@scenario(
    "mlflow.tracing.get_tracing_context_headers_for_http_request",
    "mlflow.tracing.set_tracing_context_from_http_request_headers",
)
def a_trace_is_joined_by_headers() -> Any:
    with mlflow.start_span("caller") as caller:
        headers = tracing.get_tracing_context_headers_for_http_request()
    with tracing.set_tracing_context_from_http_request_headers(headers), mlflow.start_span("called") as called:
        return called.parent_id == caller.span_id


@scenario("mlflow.set_trace_tag", "mlflow.delete_trace_tag", "mlflow.flush_trace_async_logging")
def tags_by_trace_id() -> None:
    with mlflow.start_span("work") as work:
        pass
    mlflow.flush_trace_async_logging()
    for key in ("kept", "deleted"):
        mlflow.set_trace_tag(work.trace_id, key, "1")
    mlflow.flush_trace_async_logging()
    mlflow.delete_trace_tag(work.trace_id, "deleted")


@scenario("mlflow.log_feedback", "mlflow.log_expectation", "mlflow.flush_trace_async_logging")
def assessments_of_a_trace() -> None:
    with mlflow.start_span("work") as work:
        pass
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=work.trace_id, name="helpful", value=True, rationale="it was")
    mlflow.log_expectation(trace_id=work.trace_id, name="answer", value="42")


@scenario("mlflow.set_active_model", "mlflow.get_active_model_id", "mlflow.clear_active_model")
def the_active_model() -> Any:
    model = mlflow.set_active_model(name="agent")
    with mlflow.start_span("work"):
        pass
    found = mlflow.get_active_model_id() == model.model_id
    mlflow.clear_active_model()
    return found


@scenario("MlflowClient.start_trace", "MlflowClient.start_span", "MlflowClient.end_span", "MlflowClient.end_trace")
def spans_of_the_client() -> None:
    client = MlflowClient()
    root = client.start_trace("whole", inputs={"a": 1}, tags={"t": "1"}, attributes={"b": "2"})
    child = client.start_span("part", root.trace_id, parent_id=root.span_id, inputs=3)
    client.end_span(child.trace_id, child.span_id, outputs=4)
    client.end_trace(root.trace_id, outputs="done")


@scenario("MlflowClient.set_trace_tag", "MlflowClient.delete_trace_tag")
def tags_of_the_client() -> None:
    client = MlflowClient()
    with mlflow.start_span("work") as work:
        for key in ("kept", "deleted"):
            client.set_trace_tag(work.trace_id, key, "1")
        client.delete_trace_tag(work.trace_id, "deleted")


def _other_experiment() -> str:
    found = MlflowClient().get_experiment_by_name("conformance-other")
    assert found is not None
    return str(found.experiment_id)


def _a_trace() -> Any:
    """A trace that was made outside the request, and is read back from the store."""
    return contextvars.Context().run(_make_trace)


def _make_trace() -> Any:
    with mlflow.start_span("remote") as remote:
        remote.set_inputs({"r": 1})
        with mlflow.start_span("remote part"):
            pass
    mlflow.flush_trace_async_logging()
    if "flush" in mlflow.get_trace.__code__.co_varnames:
        return mlflow_any.get_trace(remote.trace_id, flush=True)
    return mlflow.get_trace(remote.trace_id)


@scenario("mlflow.get_trace", "MlflowClient.get_trace")
def a_finished_trace_is_read() -> Any:
    trace = _a_trace()
    again = MlflowClient().get_trace(trace.info.trace_id)
    return [sorted(span.name for span in read.data.spans if span.name.startswith("remote")) for read in (trace, again)]


@scenario("mlflow.search_traces", "MlflowClient.search_traces")
def finished_traces_are_found() -> Any:
    with mlflow.start_span("work"):
        mlflow.update_current_trace(tags={"searched": "for"})
    mlflow.flush_trace_async_logging()
    search: Any = mlflow.search_traces
    found = search(filter_string="tags.searched = 'for'", return_type="list")
    return len(found)


@scenario("mlflow.add_trace", "LiveSpan.from_immutable_span")
def a_trace_is_added_to_another() -> None:
    trace = _a_trace()
    with mlflow.start_span("target"):
        mlflow.add_trace(trace.to_dict())


@scenario("mlflow.add_trace")
def a_trace_is_added_to_none() -> None:
    mlflow.add_trace(_a_trace().to_dict())


@scenario("mlflow.start_span_no_context")
def a_trace_is_copied() -> None:
    copying: Any = importlib.import_module("mlflow.tracing.utils.copy")
    copying.copy_trace_to_experiment(_a_trace().to_dict())


@scenario("mlflow.start_span_no_context")
def a_span_of_another_experiment() -> None:
    mlflow.start_span_no_context("there", experiment_id=_other_experiment()).end()


@scenario("mlflow.trace")
def a_function_of_another_experiment() -> Any:
    @mlflow.trace(trace_destination=MlflowExperimentLocation(_other_experiment()))
    def work() -> str:
        with mlflow.start_span("inner"):
            return "done"

    return work()


@scenario("mlflow.start_span")
def a_block_of_another_experiment() -> None:
    with mlflow.start_span("there", trace_destination=MlflowExperimentLocation(_other_experiment())):
        pass


@scenario("mlflow.start_span")
def a_destination_below_a_span_is_ignored() -> None:
    there = MlflowExperimentLocation(_other_experiment())
    with mlflow.start_span("here"), mlflow.start_span("here, too", trace_destination=there):
        pass


@scenario("mlflow.trace", "mlflow.tracing.sampling._MlflowSampler")
def a_sampling_ratio_of_one_function() -> None:
    def work() -> None:
        with mlflow.start_span("inner"):
            pass

    trace: Any = mlflow.trace
    for ratio in (0.0, 1.0):
        trace(work, name=f"ratio {ratio}", sampling_ratio_override=ratio)()


@scenario("mlflow.langchain.autolog")
def a_library_is_traced_and_is_not() -> Any:
    langchain: Any = importlib.import_module("mlflow.langchain")
    runnables: Any = importlib.import_module("langchain_core.runnables")
    step = runnables.RunnableLambda(lambda number: number + 1)
    langchain.autolog()
    answers = [step.invoke(1)]
    langchain.autolog(disable=True)
    return [*answers, step.invoke(2)]


@scenario("mlflow.get_last_active_trace_id", "mlflow.log_feedback")
async def twenty_callers_give_feedback() -> Any:
    async def call(number: int) -> bool:
        with mlflow.start_span("work") as work:
            await asyncio.sleep(0.01)
        last = mlflow.get_last_active_trace_id(thread_local=True)
        await asyncio.sleep(0.01)
        return last == work.trace_id == mlflow.get_last_active_trace_id(thread_local=True)

    return await asyncio.gather(*(call(number) for number in range(20)))


@scenario("mlflow.tracing.attachments.Attachment")
def attachments() -> Any:
    module: Any = importlib.import_module("mlflow.tracing.attachments")
    with mlflow.start_span("vision") as vision:
        vision.set_inputs({"image": module.Attachment(content_type="image/png", content_bytes=b"PNG")})
        vision.set_outputs({"b64_json": "UE5H"})
        return "mlflow-attachment://" in str(vision.inputs)


@scenario()
def a_prompt_is_linked() -> Any:
    genai: Any = importlib.import_module("mlflow.genai")
    genai.register_prompt(name="greeting", template="Hi {{name}}")
    with mlflow.start_span("work"):
        genai.load_prompt("prompts:/greeting/1")
    return None


@scenario("LiveSpan.add_link")
def links_between_traces() -> None:
    with mlflow.start_span("first") as first:
        pass
    link: Any = mlflow_any.entities.Link
    with mlflow.start_span("second") as second:
        second.add_link(link(trace_id=f"tr-{5:032x}", span_id=first.span_id))


@scenario()
def answers_are_evaluated() -> Any:
    """`mlflow.genai.evaluate` reads each trace back as soon as it is over."""
    genai: Any = importlib.import_module("mlflow.genai")
    scorers: Any = importlib.import_module("mlflow.genai.scorers")

    @mlflow.trace
    def predict(q: str) -> str:
        return f"A: {q}"

    def has_trace(trace: Any) -> bool:
        return trace is not None

    scorer = scorers.scorer(has_trace)
    found = contextvars.Context().run(genai.evaluate, [{"inputs": {"q": "a"}}], [scorer], predict)
    return {name: float(value) for name, value in found.metrics.items()}
