"""LangChain and LangGraph, every way to run them; MLflow's autologging names the spans."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from fastapi.responses import StreamingResponse
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda

from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.model import (
    QUESTION,
    CallingOut,
    Model,
    ask_another,
    look_up,
    look_up_async,
    look_up_failing,
)
from tests.acceptance.shapes.spans import nested, raw, span

family = Family()


def prepare(question: str) -> list[HumanMessage]:
    nested("work", "query")
    return [HumanMessage(question)]


async def prepare_async(question: str) -> list[HumanMessage]:
    with span("work"):
        await asyncio.sleep(0)
        with raw("query"):
            await asyncio.sleep(0)
    return [HumanMessage(question)]


chain: Any = RunnableLambda(prepare, afunc=prepare_async, name="prepare") | Model()
CHAIN = "RunnableSequence > [prepare > work > query, Model]"


@family.route(f"GET /chain/invoke > {CHAIN}")
def chain_invoke() -> None:
    chain.invoke(QUESTION)


@family.route(f"GET /chain/invoke-in-async-handler > {CHAIN}")
async def chain_invoke_in_the_event_loop() -> None:
    chain.invoke(QUESTION)


@family.route(f"GET /chain/ainvoke > {CHAIN}")
async def chain_ainvoke() -> None:
    await chain.ainvoke(QUESTION)


@family.route(f"GET /chain/in-span > around > [{CHAIN}, after]")
async def chain_in_a_span() -> None:
    with span("around"):
        await chain.ainvoke(QUESTION)
        with raw("after"):
            pass


@family.route(f"GET /chain/twice > [{CHAIN}, {CHAIN}, after]")
async def chain_twice() -> None:
    await chain.ainvoke(QUESTION)
    await chain.ainvoke(QUESTION)
    with raw("after"):
        pass


@family.route(f"GET /chain/stream > {CHAIN}")
def chain_stream() -> StreamingResponse:
    return StreamingResponse(chunk.text for chunk in chain.stream(QUESTION))


@family.route(f"GET /chain/astream > {CHAIN}")
async def chain_astream() -> StreamingResponse:
    return StreamingResponse(chunk.text async for chunk in chain.astream(QUESTION))


@family.route(f"GET /chain/astream-events > {CHAIN}")
async def chain_astream_events() -> StreamingResponse:
    return StreamingResponse(f"{event}\n" async for event in chain.astream_events(QUESTION, version="v2"))


@family.route(f"GET /chain/batch > [{CHAIN}, {CHAIN}, {CHAIN}]")
def chain_batch() -> None:
    chain.batch([QUESTION] * 3)


@family.route(f"GET /chain/abatch > [{CHAIN}, {CHAIN}, {CHAIN}]")
async def chain_abatch() -> None:
    await chain.abatch([QUESTION] * 3)


@family.route(f"GET /chain/gather > [{CHAIN}, {CHAIN}, {CHAIN}]")
async def chain_gathered() -> None:
    await asyncio.gather(*(chain.ainvoke(QUESTION) for _ in range(3)))


@family.route("GET /chain/model-calls-out > CallingOut > POST completions")
def model_calls_out() -> None:
    CallingOut().invoke(QUESTION)


@family.route("GET /chain/model-calls-out-async > CallingOut > POST completions")
async def model_calls_out_async() -> None:
    await CallingOut().ainvoke(QUESTION)


def refuse(_: object) -> None:
    with span("work"):
        raise ValueError("a step fails, as this shape wants it")


failing: Any = RunnableLambda[object, Any](refuse, name="refuse") | Model()


@family.route("GET /chain/failing > [RunnableSequence! > refuse! > work!, after]")
async def chain_failing() -> None:
    try:
        await failing.ainvoke(QUESTION)
    except ValueError:
        with span("after"):
            pass


LOOK_UP = "raw > inner"
MODEL = "model > Model"
TOOL, TOOL_ASYNC = f"tools > look_up > {LOOK_UP}", f"tools > look_up_async > {LOOK_UP}"
AGENT = f"LangGraph > [{MODEL}, {TOOL}, {MODEL}]"
AGENT_ASYNC = f"LangGraph > [{MODEL}, {TOOL_ASYNC}, {MODEL}]"
AGENT_BOTH = f"LangGraph > [{MODEL}, {TOOL}, {TOOL_ASYNC}, {MODEL}]"

TASK: Any = {"messages": [HumanMessage(QUESTION)]}
agent: Any = create_agent(Model(calls=("look_up",)), [look_up])
agent_async: Any = create_agent(Model(calls=("look_up_async",)), [look_up_async])
agent_both: Any = create_agent(Model(calls=("look_up", "look_up_async")), [look_up, look_up_async])
agent_failing: Any = create_agent(Model(calls=("look_up_failing",)), [look_up_failing])
agent_asking: Any = create_agent(Model(calls=("ask_another",)), [ask_another])


@family.route(f"GET /agent/invoke > {AGENT}")
def agent_invoke() -> None:
    agent.invoke(TASK)


@family.route(f"GET /agent/ainvoke > {AGENT_ASYNC}")
async def agent_ainvoke() -> None:
    await agent_async.ainvoke(TASK)


@family.route(f"GET /agent/ainvoke-sync-tool > {AGENT}")
async def agent_ainvoke_sync_tool() -> None:
    await agent.ainvoke(TASK)


@family.route(f"GET /agent/ainvoke-both-tools > {AGENT_BOTH}")
async def agent_ainvoke_both_tools() -> None:
    await agent_both.ainvoke(TASK)


@family.route(f"GET /agent/in-span > around > [{AGENT_ASYNC}, after]")
async def agent_in_a_span() -> None:
    with raw("around"):
        await agent_async.ainvoke(TASK)
        with span("after"):
            pass


def streamed() -> Iterator[str]:
    with span("answer"):
        for update in agent.stream(TASK, stream_mode="updates"):
            yield str(update)


async def streamed_async() -> AsyncIterator[str]:
    with span("answer"):
        async for update in agent_async.astream(TASK, stream_mode="updates"):
            yield str(update)


@family.route(f"GET /agent/stream > {AGENT}")
def agent_stream() -> StreamingResponse:
    return StreamingResponse(str(update) for update in agent.stream(TASK))


@family.route(f"GET /agent/astream > {AGENT_ASYNC}")
async def agent_astream() -> StreamingResponse:
    return StreamingResponse(str(update) async for update in agent_async.astream(TASK))


@family.route(f"GET /agent/stream-in-span > answer > {AGENT}")
def agent_stream_in_a_span() -> StreamingResponse:
    return StreamingResponse(streamed())


@family.route(f"GET /agent/astream-in-span > answer > {AGENT_ASYNC}")
async def agent_astream_in_a_span() -> StreamingResponse:
    return StreamingResponse(streamed_async())


@family.route(f"GET /agent/astream-messages > {AGENT_ASYNC}")
async def agent_astream_messages() -> StreamingResponse:
    messages = agent_async.astream(TASK, stream_mode="messages")
    return StreamingResponse(str(message.text) async for message, _ in messages)


@family.route(f"GET /agent/astream-events > {AGENT_ASYNC}")
async def agent_astream_events() -> StreamingResponse:
    return StreamingResponse(f"{event}\n" async for event in agent_async.astream_events(TASK, version="v2"))


@family.route(f"GET /agent/batch > [{AGENT}, {AGENT}, {AGENT}]")
def agent_batch() -> None:
    agent.batch([TASK] * 3)


@family.route(f"GET /agent/abatch > [{AGENT_ASYNC}, {AGENT_ASYNC}, {AGENT_ASYNC}]")
async def agent_abatch() -> None:
    await agent_async.abatch([TASK] * 3)


ASKING = f"LangGraph > [{MODEL}, tools > ask_another > [prepare > query, Model], {MODEL}]"


@family.route(f"GET /agent/asking-another > {ASKING}")
async def agent_asking_another() -> None:
    await agent_asking.ainvoke(TASK)


@family.route(f"GET /agent/failing-tool > LangGraph! > [{MODEL}, tools! > look_up_failing! > inner!]")
def agent_failing_tool() -> None:
    with suppress(LookupError):
        agent_failing.invoke(TASK)
