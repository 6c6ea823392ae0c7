"""LangChain and LangGraph in less usual places: graphs of the user's own, parallel steps, threads, early ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated, Any, TypedDict

from fastapi import BackgroundTasks
from fastapi.responses import StreamingResponse
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langgraph.graph import END, START, StateGraph

import otel_mlflow
from tests.acceptance.apps.gates import released
from tests.acceptance.shapes.family import Family, RequestId
from tests.acceptance.shapes.langchain import AGENT, AGENT_ASYNC, MODEL, TASK, agent, agent_async
from tests.acceptance.shapes.model import QUESTION, Model, Talkative, tool_waits, wait
from tests.acceptance.shapes.spans import nested, raw, span
from tests.acceptance.shapes.visits import leave_early, read_then_release

family = Family()


def collect(old: list[str], new: list[str]) -> list[str]:
    """Join what parallel nodes return."""
    return old + new


class State(TypedDict):
    """What the nodes of the graph hand on."""

    done: Annotated[list[str], collect]


async def node(name: str) -> State:
    """Give way while spans are open, so that parallel nodes interleave."""
    with span("work"):
        await asyncio.sleep(0)
        with raw("query"):
            await asyncio.sleep(0)
    return {"done": [name]}


async def left(_: State) -> State:
    return await node("left")


async def right(_: State) -> State:
    return await node("right")


def join(_: State) -> State:
    nested("work", "query")
    return {"done": ["join"]}


def make_graph() -> Any:
    """Two nodes side by side, then one."""
    graph: Any = StateGraph(State)
    for step in (left, right, join):
        graph.add_node(step.__name__, step)
    graph.add_edge(START, "left")
    graph.add_edge(START, "right")
    graph.add_edge(["left", "right"], "join")
    graph.add_edge("join", END)
    return graph.compile()


fan_out = make_graph()
WORK = "work > query"


@family.route(f"GET /graph/fan-out > LangGraph > [left > {WORK}, right > {WORK}, join > {WORK}]")
async def graph_fan_out() -> None:
    await fan_out.ainvoke({"done": []})


def work(_: object) -> str:
    nested("work", "query")
    return QUESTION


parallel: Any = RunnableParallel[Any](
    left=RunnableLambda(work, name="left"), right=RunnableLambda(work, name="right")
).with_config(run_name="both")


@family.route(f"GET /graph/parallel > both > [left > {WORK}, right > {WORK}]")
def parallel_steps() -> None:
    parallel.invoke(QUESTION)


@family.route(f"GET /graph/parallel-async > both > [left > {WORK}, right > {WORK}]")
async def parallel_steps_async() -> None:
    await parallel.ainvoke(QUESTION)


@family.route(f"GET /graph/gather > [{AGENT_ASYNC}, {AGENT_ASYNC}, {AGENT}]")
async def agents_gathered() -> None:
    await asyncio.gather(agent_async.ainvoke(TASK), agent_async.ainvoke(TASK), asyncio.to_thread(agent.invoke, TASK))


def consult(_: State) -> State:
    agent.invoke(TASK)
    return {"done": ["consult"]}


def make_consulting() -> Any:
    """A graph with an agent in one of its nodes."""
    graph: Any = StateGraph(State)
    graph.add_node("consult", consult)
    graph.add_edge(START, "consult")
    return graph.compile()


consulting = make_consulting()


@family.route(f"GET /graph/agent-in-a-node > LangGraph > consult > {AGENT}")
def agent_in_a_node() -> None:
    consulting.invoke({"done": []})


def late_agent(request_id: str) -> None:
    released(request_id)
    agent.invoke(TASK)


@family.route(f"GET /graph/background > [work, {AGENT}]", visit=read_then_release)
def agent_in_the_background(request_id: RequestId, tasks: BackgroundTasks) -> None:
    tasks.add_task(late_agent, request_id)
    with span("work"):
        pass


@family.route(f"GET /graph/continued > order > job > {AGENT_ASYNC}")
async def agent_in_a_continued_job() -> None:
    async def job() -> None:
        with otel_mlflow.continued(carrier, "job"):
            await agent_async.ainvoke(TASK)

    with span("order"):
        carrier = otel_mlflow.current_trace().carrier()
        worker = threading.Thread(target=lambda: asyncio.run(job()))
        worker.start()
        await asyncio.to_thread(worker.join)


async def talk_async() -> AsyncIterator[str]:
    async for chunk in Talkative().astream(QUESTION):
        yield chunk.text


def talk() -> Iterator[str]:
    for chunk in Talkative().stream(QUESTION):
        yield chunk.text


@family.route("GET /graph/left-early-async! > Talkative!", outcome="cancelled", visit=leave_early)
async def client_leaves_a_talking_model_async() -> StreamingResponse:
    return StreamingResponse(talk_async())


@family.route("GET /graph/left-early-sync! > Talkative!", outcome="cancelled", visit=leave_early)
def client_leaves_a_talking_model() -> StreamingResponse:
    return StreamingResponse(talk())


@family.route("GET /graph/stopped-early > [Talkative!, after]")
async def handler_stops_a_talking_model() -> None:
    async for _ in Talkative().astream(QUESTION):
        break
    for _ in range(5):
        await asyncio.sleep(0)
    with span("after"):
        pass


waiting: Any = create_agent(Model(calls=("wait",)), [wait])


@family.route(f"GET /graph/cancelled > [LangGraph! > [{MODEL}, tools! > wait! > inner!], after]")
async def agent_is_cancelled_in_its_tool() -> None:
    come_to_wait = asyncio.Event()
    tool_waits.set(come_to_wait)
    task = asyncio.create_task(waiting.ainvoke(TASK))
    await come_to_wait.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    with span("after"):
        pass
