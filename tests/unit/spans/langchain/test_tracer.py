"""LangChain's runs as spans with the right parents."""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import sys
from collections.abc import AsyncIterator, Iterator
from contextvars import Context, copy_context
from threading import Thread
from typing import Any
from uuid import uuid4

import mlflow
import mlflow.langchain.langchain_tracer
import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.callbacks.base import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel, FakeListLLM
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from mlflow.langchain.langchain_tracer import MlflowLangchainTracer
from opentelemetry import context as context_api

from otel_mlflow.http.semconv import OUTCOME
from otel_mlflow.spans.langchain import runs as langchain_runs
from otel_mlflow.spans.langchain import tracer as langchain
from otel_mlflow.spans.langchain.tracer import BridgedLangChainTracer
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import raw, span
from tests.unit.trees import drawn, shown, spans_of

mlflow_langchain: Any = mlflow.langchain.langchain_tracer


def ask(text: str) -> str:
    """A step that opens spans of both kinds."""
    with span("work"), raw("query"):
        return text


async def ask_async(text: str) -> str:
    """The same, giving way."""
    with span("work"):
        await asyncio.sleep(0)
        with raw("query"):
            await asyncio.sleep(0)
    return text


Model = FakeListChatModel(responses=["one two three"])
chain: Any = RunnableLambda(ask, afunc=ask_async, name="ask") | Model
CHAIN = "RunnableSequence > [ask > work > query, FakeListChatModel]"


def test_a_chain_s_steps_are_below_it(traces: CapturedTraces) -> None:
    """And what a step opens is below the step."""
    with span("request"):
        chain.invoke("?")
        with raw("after"):
            pass
    assert shown(traces) == drawn(f"request > [{CHAIN}, after]")


def test_a_chain_s_steps_are_below_it_asynchronously(traces: CapturedTraces) -> None:
    """In the event loop's tasks."""

    async def handler() -> None:
        with span("request"):
            await chain.ainvoke("?")
            with raw("after"):
                pass

    asyncio.run(handler())
    assert shown(traces) == drawn(f"request > [{CHAIN}, after]")


def test_a_chain_outside_all_is_a_trace_of_its_own(traces: CapturedTraces) -> None:
    """With LangChain's inputs and outputs."""
    chain.invoke("?")
    assert shown(traces) == drawn(CHAIN)
    root = spans_of(traces[0])["RunnableSequence"]
    assert root.inputs == "?"
    assert "one two three" in str(root.outputs)


def test_chains_of_a_batch_stand_beside_each_other(traces: CapturedTraces) -> None:
    """`batch` starts all runs in one context before it does any of their work."""
    with span("request"):
        chain.batch(["a", "b", "c"])
    assert shown(traces) == drawn(f"request > [{CHAIN}, {CHAIN}, {CHAIN}]")


def test_chains_of_an_asynchronous_batch_stand_beside_each_other(traces: CapturedTraces) -> None:
    """`abatch`."""

    async def handler() -> None:
        with span("request"):
            await chain.abatch(["a", "b", "c"])

    asyncio.run(handler())
    assert shown(traces) == drawn(f"request > [{CHAIN}, {CHAIN}, {CHAIN}]")


def test_what_is_opened_between_a_stream_s_chunks_is_not_below_the_chain(traces: CapturedTraces) -> None:
    """The reader of a stream is outside it, though the chain's callbacks ran in the reader's context."""
    with span("request"):
        for _ in chain.stream("?"):
            with raw("between"):
                pass
    chunks = len("one two three")
    assert shown(traces) == drawn(f"request > [{CHAIN}{', between' * chunks}]")


def test_what_is_opened_between_an_asynchronous_stream_s_chunks_is_not_below_the_chain(
    traces: CapturedTraces,
) -> None:
    """`astream`, whose callbacks run in the reader's task."""

    async def handler() -> None:
        with span("request"):
            async for _ in chain.astream("?"):
                with raw("between"):
                    await asyncio.sleep(0)

    asyncio.run(handler())
    chunks = len("one two three")
    assert shown(traces) == drawn(f"request > [{CHAIN}{', between' * chunks}]")


def test_a_model_called_between_a_stream_s_chunks_stands_beside_the_chain(traces: CapturedTraces) -> None:
    """A run without a LangChain parent is not inside another one."""
    with span("request"):
        stream = chain.stream("?")
        next(stream)
        Model.invoke("another")
        for _ in stream:
            pass
    assert shown(traces) == drawn(f"request > [{CHAIN}, FakeListChatModel]")


def test_events_are_the_same_with_and_without_us(fresh_process: None) -> None:
    """`astream_events`, but for the ids that LangChain makes at random."""

    def plain(text: str) -> str:
        return text

    async def events() -> list[tuple[str, str, Any]]:
        stream = (RunnableLambda(plain, name="plain") | Model).astream_events("?", version="v2")
        return [(event["event"], event["name"], sorted(event["data"])) async for event in stream]

    without = asyncio.run(events())
    with capture() as traces:
        assert asyncio.run(events()) == without
    assert shown(traces) == drawn("RunnableSequence > [plain, FakeListChatModel]")


def test_a_stream_that_is_left_early_is_cut_short(traces: CapturedTraces) -> None:
    """It is no success, and no failure of the application."""

    async def handler() -> None:
        with span("request"):
            stream = chain.astream("?")
            await anext(stream)
            await stream.aclose()
            with raw("after"):
                pass

    asyncio.run(handler())
    spans = spans_of(traces[0])
    assert spans["RunnableSequence"].attributes[OUTCOME] == "cancelled"
    assert spans["after"].parent_id == spans["request"].span_id


def test_a_cancelled_chain_is_cut_short(traces: CapturedTraces) -> None:
    """With the steps that were under way."""

    async def wait(text: str) -> str:
        with span("work"):
            await asyncio.Event().wait()
        return text

    async def handler() -> None:
        with span("request"):
            task = asyncio.create_task((RunnableLambda(wait, name="wait") | Model).ainvoke("?"))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(handler())
    assert shown(traces) == drawn("request > RunnableSequence! > wait! > work!")
    assert spans_of(traces[0])["wait"].attributes[OUTCOME] == "cancelled"


def test_a_failing_step_is_an_error_all_the_way_up(traces: CapturedTraces) -> None:
    """And what comes after is outside."""

    def refuse(text: str) -> str:
        raise ValueError(text)

    with span("request"):
        with pytest.raises(ValueError, match="no"):
            (RunnableLambda(refuse, name="refuse") | Model).invoke("no")
        with raw("after"):
            pass
    assert shown(traces) == drawn("request > [RunnableSequence! > refuse!, after]")


def test_an_ended_run_is_no_parent_where_its_start_is_still_in_the_context(traces: CapturedTraces) -> None:
    """The end came in a copy of the context: the span is still current here, and long over."""
    with span("request"):
        model = BridgedLangChainTracer()
        from uuid import uuid4

        run_id = uuid4()
        model.on_chain_start({"name": "step"}, {"a": 1}, run_id=run_id)
        copy_context().run(model.on_chain_end, {"b": 2}, run_id=run_id)
        with raw("after"):
            pass
    assert shown(traces) == drawn("request > [step, after]")


def test_a_run_inside_a_span_inside_a_run_is_below_that_span(traces: CapturedTraces) -> None:
    """LangChain knows of the outer run only."""

    def consult(text: str) -> str:
        with span("consult"):
            return str(Model.invoke(text).content)

    with span("request"):
        (RunnableLambda(consult, name="expert") | Model).invoke("?")
    assert shown(traces) == drawn(
        "request > RunnableSequence > [expert > consult > FakeListChatModel, FakeListChatModel]"
    )


def test_branches_side_by_side_keep_their_spans_apart(traces: CapturedTraces) -> None:
    """`RunnableParallel` runs them in threads."""

    def branch(name: str) -> Any:
        def work(_: str) -> str:
            with span(f"in {name}"):
                return name

        return RunnableLambda(work, name=name)

    with span("request"):
        RunnableParallel(a=branch("one"), b=branch("other")).with_config(run_name="both").invoke("?")
    assert shown(traces) == drawn("request > both > [one > in one, other > in other]")


@tool
def look_up(country: str) -> str:
    """Find the largest city."""
    with raw("raw"), span("inner"):
        return country


@tool
async def look_up_async(country: str) -> str:
    """Find the largest city, giving way."""
    with raw("raw"):
        await asyncio.sleep(0)
        with span("inner"):
            await asyncio.sleep(0)
    return country


def test_a_tool_s_spans_are_below_it(traces: CapturedTraces) -> None:
    """Called in the event loop or in its thread."""

    async def handler() -> None:
        with span("request"):
            await look_up_async.ainvoke({"country": "?"})
            await look_up.ainvoke({"country": "?"})

    asyncio.run(handler())
    assert shown(traces) == drawn("request > [look_up_async > raw > inner, look_up > raw > inner]")


def test_chains_at_the_same_time_keep_their_spans_apart(traces: CapturedTraces) -> None:
    """One tracer, one map of runs, many tasks."""

    async def handler() -> None:
        async def task() -> None:
            with span("request"):
                await chain.ainvoke("?")

        await asyncio.gather(*(task() for _ in range(20)))

    asyncio.run(handler())
    assert shown(traces) == drawn(*[f"request > {CHAIN}"] * 20)


def test_a_generator_over_a_stream_keeps_its_span_round_the_chain(traces: CapturedTraces) -> None:
    """As a streaming handler has it, each step in another context."""

    def answer() -> Iterator[str]:
        with span("answer"):
            for chunk in chain.stream("?"):
                yield chunk.text

    with span("request"):
        generator = answer()
        while copy_context().run(next, generator, None) is not None:
            pass
    assert shown(traces) == drawn(f"request > answer > {CHAIN}")


def test_an_asynchronous_generator_over_a_stream_keeps_its_span_round_the_chain(traces: CapturedTraces) -> None:
    """The same in the event loop."""

    async def answer() -> AsyncIterator[str]:
        with span("answer"):
            async for chunk in chain.astream("?"):
                yield chunk.text

    async def handler() -> None:
        with span("request"):
            async for _ in answer():
                pass

    asyncio.run(handler())
    assert shown(traces) == drawn(f"request > answer > {CHAIN}")


def test_nothing_is_kept_of_runs_that_are_over(traces: CapturedTraces) -> None:
    """The map of runs would grow for as long as the process lives."""
    chain.invoke("?")
    chain.batch(["a", "b"])
    gc.collect()
    assert dict(langchain_runs._RUNS) == {}


def test_mlflow_s_own_autologging_beside_ours_shows_each_run_once(traces: CapturedTraces) -> None:
    """Applications that call `mlflow.langchain.autolog()` go on doing so."""
    mlflow.langchain.autolog(silent=True)
    try:
        with span("request"):
            chain.invoke("?")
    finally:
        mlflow.langchain.autolog(disable=True, silent=True)
    assert shown(traces) == drawn(f"request > {CHAIN}")


def test_no_run_is_traced_when_tracing_is_taken_down(fresh_process: None) -> None:
    """MLflow's tracer has its own methods again."""
    before = dict(vars(MlflowLangchainTracer))
    with capture():
        assert dict(vars(MlflowLangchainTracer)) != before
    assert dict(vars(MlflowLangchainTracer)) == before
    assert not _traced_now()


def test_a_tracer_that_the_application_made_before_is_as_good_as_ours(fresh_process: None) -> None:
    """MLflow's documentation passes one as a callback; each run is shown once, under the span it was started in."""
    tracer = MlflowLangchainTracer()
    with capture() as traces:
        with span("request"):
            chain.invoke("?", {"callbacks": [tracer]})
            with raw("after"):
                pass
        assert shown(traces) == drawn(f"request > [{CHAIN}, after]")


class Slow(FakeListChatModel):
    """A model that never answers."""

    async def _agenerate(self, *_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout")
def test_a_model_that_a_timeout_cancels_is_cut_short(traces: CapturedTraces) -> None:
    """LangChain never tells of its end; what comes after is not inside it, and nothing is kept of it."""

    async def handler() -> None:
        with span("request"):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await Slow(responses=["x"]).ainvoke("?")
            with raw("after"):
                pass
            await Model.ainvoke("again")

    asyncio.run(handler())
    assert shown(traces) == drawn("request > [Slow!, after, FakeListChatModel]")
    assert spans_of(traces[0])["Slow"].attributes[OUTCOME] == "cancelled"
    gc.collect()
    assert dict(langchain_runs._RUNS) == {}


def test_a_model_in_a_task_that_is_cancelled_is_cut_short(traces: CapturedTraces) -> None:
    """Also where its task is another one than the request's."""

    async def handler() -> None:
        with span("request"):
            task = asyncio.create_task(Slow(responses=["x"]).ainvoke("?"))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(handler())
    assert shown(traces) == drawn("request > Slow!")


class Documents(BaseRetriever):
    """A retriever that opens spans and asks a chain, as LangChain's users write it."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        ask(query)
        chain.invoke(query)
        ask(query)
        return [Document(query)]


class AsynchronousDocuments(Documents):
    """The same, asynchronously."""

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        await ask_async(query)
        await chain.ainvoke(query)
        await asyncio.gather(ask_async(query))
        return [Document(query)]


SEARCHED = f"[work > query, {CHAIN}, work > query]"


@pytest.mark.parametrize(
    "steps", [RunnableLambda(str, name="first") | Documents(name="search"), Documents(name="search")]
)
def test_what_a_retriever_does_is_below_it(traces: CapturedTraces, steps: Any) -> None:
    """LangChain has no context for a retriever's body, and gives what it calls the retriever's own parent."""
    with span("request"):
        steps.invoke("?")
        with raw("after"):
            pass
    search = f"search > {SEARCHED}"
    below = f"RunnableSequence > [first, {search}]" if "first" in str(steps) else search
    assert shown(traces) == drawn(f"request > [{below}, after]")


@pytest.mark.parametrize("kind", [Documents, AsynchronousDocuments])
def test_what_a_retriever_does_asynchronously_is_below_it(traces: CapturedTraces, kind: type[Documents]) -> None:
    """In its own task, in others, and in a thread."""

    async def handler() -> None:
        with span("request"):
            await kind(name="search").ainvoke("?")
            with raw("after"):
                pass

    asyncio.run(handler())
    assert shown(traces) == drawn(f"request > [search > {SEARCHED}, after]")


def test_a_retriever_that_reads_a_model_s_stream_is_round_what_it_opens_meanwhile(traces: CapturedTraces) -> None:
    """The model's body is not the retriever's, though both are current."""

    class Reading(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            for _ in Model.stream(query):
                with raw("between"):
                    pass
            return []

    Reading(name="search").invoke("?")
    chunks = len("one two three")
    assert shown(traces) == drawn(f"search > [FakeListChatModel{', between' * chunks}]")


def test_a_model_that_calls_another_is_round_it(traces: CapturedTraces) -> None:
    """As one that prepares a prompt for another, or falls back on it."""

    class Outer(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            with raw("before"):
                Model.invoke("?")
            Model.invoke("!")
            return super()._call(*args, **kwargs)

    (RunnableLambda(str, name="first") | Outer(responses=["x"])).invoke("?")
    called = "[before > FakeListChatModel, FakeListChatModel]"
    assert shown(traces) == drawn(f"RunnableSequence > [first, Outer > {called}]")


async def in_a_task(text: str) -> None:
    """Open spans in a task of its own."""
    await asyncio.create_task(ask_async(text))


async def in_a_thread(text: str) -> None:
    """Open spans in a thread with a copy of the context."""
    await asyncio.to_thread(ask, text)


@pytest.mark.parametrize("work", [in_a_task, in_a_thread])
def test_what_a_reader_of_a_model_s_stream_starts_is_not_below_the_model(traces: CapturedTraces, work: Any) -> None:
    """In copies of the context in which the model began."""

    async def handler() -> None:
        with span("request"):
            async for _ in FakeListChatModel(responses=["ab"]).astream("?"):
                await work("?")

    asyncio.run(handler())
    assert shown(traces) == drawn("request > [FakeListChatModel, work > query, work > query]")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="LangChain has no contexts for asynchronous chains")
@pytest.mark.parametrize("work", [in_a_task, in_a_thread])
def test_what_a_reader_of_a_chain_s_stream_starts_is_not_below_the_chain(traces: CapturedTraces, work: Any) -> None:
    """If it were inside, LangChain's own context would say so: all of it was copied. Also in a stream in a stream."""
    streamed: Any = RunnableLambda(str, name="first") | FakeListChatModel(responses=["a"])

    async def handler() -> None:
        with span("request"):
            async for _ in streamed.astream("?"):
                async for _ in streamed.astream("?"):
                    await work("?")
                await work("?")

    asyncio.run(handler())
    steps = "RunnableSequence > [first, FakeListChatModel]"
    assert shown(traces) == drawn(f"request > [{steps}, {steps}, work > query, work > query]")


def test_a_thread_that_a_tool_starts_is_in_the_tool(traces: CapturedTraces) -> None:
    """With a copy of all of the context, or with OpenTelemetry's alone, where LangChain's own tells nothing."""

    @tool
    def search(text: str) -> str:
        """Search."""
        here = context_api.get_current()

        def work() -> None:
            context_api.attach(here)
            ask(text)

        for context in (copy_context(), Context()):
            thread = Thread(target=context.run, args=(work,))
            thread.start()
            thread.join()
        return text

    with span("request"):
        search.invoke("?")
    assert shown(traces) == drawn("request > search > [work > query, work > query]")


def test_what_a_model_opens_while_it_streams_is_below_it(traces: CapturedTraces) -> None:
    """Before, between and after the pieces."""

    class Busy(FakeListChatModel):
        def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            for chunk in super()._stream(*args, **kwargs):
                ask("?")
                yield chunk
            ask("?")

    with span("request"):
        for _ in Busy(responses=["ab"]).stream("?"):
            with raw("between"):
                pass
    assert shown(traces) == drawn("request > [Busy > [work > query, work > query, work > query], between, between]")


def test_prompts_that_a_model_takes_at_once_stand_beside_each_other(traces: CapturedTraces) -> None:
    """The runs of all of them begin in one call, before any is worked in."""
    with span("request"):
        Model.generate([[HumanMessage("a")], [HumanMessage("b")]])
        FakeListLLM(responses=["x", "y"]).generate(["a", "b"])
    models = "FakeListChatModel, FakeListChatModel, FakeListLLM, FakeListLLM"
    assert shown(traces) == drawn(f"request > [{models}]")


def test_a_run_that_two_tracers_are_told_of_is_one_span(traces: CapturedTraces) -> None:
    """A chain has one, and whoever calls it passes another."""
    step = RunnableLambda(ask, name="ask").with_config(callbacks=[MlflowLangchainTracer()])
    step.invoke("?", {"callbacks": [MlflowLangchainTracer()]})
    assert shown(traces) == drawn("ask > work > query")


def test_a_run_s_id_may_be_used_again(traces: CapturedTraces) -> None:
    """By whoever tries again after the first run was cancelled, of which LangChain tells nobody."""
    config: Any = {"run_id": uuid4()}

    async def handler() -> None:
        with span("request"):
            task = asyncio.create_task(Slow(responses=["x"]).ainvoke("?", config))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            await Model.ainvoke("?", config)

    asyncio.run(handler())
    assert shown(traces) == drawn("request > [Slow!, FakeListChatModel]")


def test_a_graph_that_waits_for_a_human_has_not_failed(traces: CapturedTraces) -> None:
    """`interrupt()` is a pause; what is asked is what the step answers."""

    def ask_human(state: dict[str, Any]) -> dict[str, Any]:
        return {"answer": interrupt("sure?")}

    graph: Any = StateGraph(dict)
    graph.add_node("ask", ask_human).add_edge(START, "ask")
    graph = graph.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    with span("request"):
        graph.invoke({}, config)
    with span("resumed"):
        graph.invoke(Command(resume="yes"), config)
    assert shown(traces) == drawn("request > LangGraph > ask", "resumed > LangGraph > ask")
    assert "sure?" in str(spans_of(traces[0])["ask"].outputs)


def test_a_graph_s_edge_that_is_a_lambda_is_a_span_like_any_other(traces: CapturedTraces) -> None:
    """LangGraph gives it no name; the kind of step it is stands for one."""
    graph: Any = StateGraph(dict)
    graph.add_node("step", lambda state: state).add_edge(START, "step")
    graph.add_conditional_edges("step", (lambda _: END), [END])
    graph.compile().invoke({})
    assert shown(traces) == drawn("LangGraph > step > RunnableCallable")


def test_no_method_of_langchain_s_classes_is_replaced(fresh_process: None) -> None:
    """Callbacks are offered, by LangChain's own hook."""
    before = {name: vars(CallbackManager)[name] for name in vars(CallbackManager)}
    with capture():
        assert {name: vars(CallbackManager)[name] for name in vars(CallbackManager)} == before


def _traced_now() -> bool:
    manager = CallbackManager.configure()
    return any(isinstance(handler, MlflowLangchainTracer) for handler in manager.handlers)


# What we lean on in LangChain and in MLflow's tracer that they do not promise: what stops working without it.


def test_private_the_hook_asks_for_a_handler_at_each_run(traces: CapturedTraces) -> None:
    """`register_configure_hook` takes a context variable; ours only looks like one, by its `get()`."""
    assert _traced_now()
    offered = langchain._OFFER.tracer
    langchain._OFFER.tracer = None
    assert not _traced_now()
    langchain._OFFER.tracer = offered


def test_private_the_run_whose_body_this_is_is_the_parent_of_its_children(traces: CapturedTraces) -> None:
    """`var_child_runnable_config` and its `callbacks.parent_run_id`, set in a context of the body's own."""
    seen: list[str] = []

    def body(text: str) -> str:
        config: Any = var_child_runnable_config.get()
        seen.append(str(config["callbacks"].parent_run_id))
        return text

    class Runs(BaseCallbackHandler):
        def on_chain_start(self, *_: Any, run_id: Any, **__: Any) -> None:
            seen.append(str(run_id))

    RunnableLambda(body).invoke("?", {"callbacks": [Runs()]})
    assert seen[0] == seen[1]
    assert var_child_runnable_config.get() is None


def test_private_an_inline_handler_is_called_in_the_run_s_own_context(traces: CapturedTraces) -> None:
    """`run_inline`, which decides whether asynchronous runs call back in a thread."""
    assert BaseCallbackHandler.run_inline is False
    assert BridgedLangChainTracer(run_inline=False).run_inline is True


def test_private_handlers_are_called_by_these_functions() -> None:
    """Before Python 3.11, by them we know whether a run's body has a context of its own."""
    manager: Any = importlib.import_module("langchain_core.callbacks.manager")
    assert [manager.__dict__[name].__name__ for name in langchain_runs._CALLING_BACK] == list(
        langchain_runs._CALLING_BACK
    )
    assert inspect.iscoroutinefunction(manager._ahandle_event_for_handler)


@pytest.mark.parametrize("name", ["_start_span", "_end_span", "_get_parent_span"])
def test_private_mlflow_s_tracer_has_the_methods_that_ours_takes_over(name: str) -> None:
    """With the same parameters; under other names they would be called in vain."""
    theirs, ours = (
        list(inspect.signature(getattr(owner, name)).parameters)
        for owner in (MlflowLangchainTracer, BridgedLangChainTracer)
    )
    assert ours == theirs


@pytest.mark.parametrize("name", ["on_llm_new_token", "on_chain_error", "on_llm_error", "on_tool_error"])
def test_private_mlflow_s_tracer_is_told_of_pieces_and_errors_by_these(name: str) -> None:
    """By keyword `run_id`; a cancellation comes as an error."""
    assert "run_id" in inspect.signature(getattr(MlflowLangchainTracer, name)).parameters


def test_private_mlflow_s_tracer_names_a_step_by_this(traces: CapturedTraces) -> None:
    """`_assign_span_name(serialized, default_name)`; a step may have neither a name nor a description."""
    assert "self._assign_span_name(serialized" in inspect.getsource(mlflow_langchain)
    nothing: Any = None
    assert MlflowLangchainTracer()._assign_span_name(nothing) == "unnamed"


def test_private_mlflow_s_tracer_writes_parameters_as_json() -> None:
    """`_serialize_invocation_params`, which we call as MLflow's own `_start_span` does."""
    assert MlflowLangchainTracer()._serialize_invocation_params({"a": 1}) == {"a": 1}
    assert "self._serialize_invocation_params(attributes)" in inspect.getsource(MlflowLangchainTracer._start_span)
