"""A span hangs under the one in which it was opened, also where the context says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextvars import copy_context
from typing import Any

import mlflow
import pytest
from opentelemetry import trace as trace_api

from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import raw, span
from tests.unit.trees import drawn, shown


def step_in_other_contexts(generator: Iterator[Any]) -> None:
    """Drive a generator as Starlette does: each step in a copy of the context, none of which sees another."""
    while copy_context().run(next, generator, "the end") != "the end":
        pass


async def step_in_other_tasks(generator: AsyncIterator[Any]) -> None:
    """Drive an asynchronous generator with a time limit for each step, which makes each a task."""
    with contextlib.suppress(StopAsyncIteration):
        while True:
            await asyncio.wait_for(anext(generator), 10)


def spans_around_steps() -> Iterator[int]:
    """Spans that are open while the generator waits."""
    with span("outer"), raw("middle"):
        yield 1
        with span("inner"):
            yield 2
            with raw("innermost"):
                pass
        yield 3
        with raw("last"):
            pass


def spans_one_after_the_other() -> Iterator[int]:
    """Spans that the generator leaves between its steps."""
    with span("first"):
        yield 1
        with raw("in first"):
            pass
    with span("second"):
        yield 2
        with raw("in second"):
            pass
    with raw("after"):
        yield 3


@contextlib.contextmanager
def own_span(name: str) -> Iterator[None]:
    """Somebody's own way of opening a span."""
    with span(name), raw("set up"):
        pass
    with span(name):
        yield


def span_by_context_manager() -> Iterator[int]:
    """A span opened by somebody's `@contextmanager`."""
    with own_span("own"):
        yield 1
        with raw("body"):
            pass
        yield 2


class OwnSpan:
    """Somebody's own way of opening a span, as a class."""

    def __enter__(self) -> None:
        self._span = span("own")
        self._span.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._span.__exit__(*error)


def span_by_object() -> Iterator[int]:
    """A span opened by somebody's context manager of a class."""
    with OwnSpan():
        yield 1
        with raw("body"):
            pass


def span_on_exit_stack() -> Iterator[int]:
    """A span that an exit stack closes."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(span("stacked"))
        yield 1
        with raw("body"):
            pass


@mlflow.trace(name="decorated")
def decorated() -> Iterator[int]:
    """A generator in a span, as MLflow's decorator does it."""
    yield 1
    with raw("body"):
        pass
    yield 2


def delegating() -> Iterator[int]:
    """A generator that hands on what another one yields."""
    with span("outside"):
        yield from spans_one_after_the_other()


@pytest.mark.parametrize(
    ("generator", "tree"),
    [
        (spans_around_steps, "outer > middle > [inner > innermost, last]"),
        (span_by_object, "own > body"),
        (span_on_exit_stack, "stacked > body"),
        (decorated, "decorated > body"),
        (delegating, "outside > [first > in first, second > in second, after]"),
    ],
)
def test_a_generator_s_spans_nest_as_they_are_written(
    traces: CapturedTraces, generator: Callable[[], Iterator[Any]], tree: str
) -> None:
    """Each step of a synchronous generator runs in a context that has not seen the steps before it."""
    with span("request"):
        step_in_other_contexts(generator())
    assert shown(traces) == drawn(f"request > {tree}")


def test_spans_one_after_the_other_in_a_generator_are_siblings(traces: CapturedTraces) -> None:
    """A span that a generator has left is no parent of what it opens next."""
    with span("request"):
        step_in_other_contexts(spans_one_after_the_other())
    assert shown(traces) == drawn("request > [first > in first, second > in second, after]")


def test_a_span_opened_by_a_context_manager_stays_round_the_generator_that_uses_it(traces: CapturedTraces) -> None:
    """`@contextmanager` is a generator too, but the span is open in the body of the `with` block."""
    with span("request"):
        step_in_other_contexts(span_by_context_manager())
    assert shown(traces) == drawn("request > [own > set up, own > body]")


def test_generators_stepped_in_turns_keep_their_spans_apart(traces: CapturedTraces) -> None:
    """What the consumer opens between the steps is in neither of them."""

    def named(name: str) -> Iterator[None]:
        with span(name):
            yield
            with raw(f"in {name}"):
                pass
            yield

    with span("request"):
        one, other = named("one"), named("other")
        for _ in range(3):
            for generator in (one, other):
                copy_context().run(next, generator, None)
                with raw("between"):
                    pass
    expected = "request > [one > in one, other > in other" + ", between" * 6 + "]"
    assert shown(traces) == drawn(expected)


def test_a_consumer_s_span_holds_what_a_generator_opens_on_its_behalf(traces: CapturedTraces) -> None:
    """A generator without a span of its own opens its spans under whatever is open around the step."""

    def steps() -> Iterator[int]:
        for number in (1, 2):
            with raw(f"step {number}"):
                pass
            yield number

    with span("request"):
        generator = steps()
        for number in (1, 2):
            with span(f"consumer {number}"):
                copy_context().run(next, generator)
    assert shown(traces) == drawn("request > [consumer 1 > step 1, consumer 2 > step 2]")


def test_a_span_that_the_caller_names_is_taken_at_its_word(traces: CapturedTraces) -> None:
    """A context given to `start_span` decides, also inside a generator that has a span open."""
    tracer = trace_api.get_tracer("a.library")

    def steps(request: trace_api.Span) -> Iterator[int]:
        with span("open"):
            yield 1
            tracer.start_span("named", context=trace_api.set_span_in_context(request)).end()

    with raw("request") as request:
        step_in_other_contexts(steps(request))
    assert shown(traces) == drawn("request > [open, named]")


async def spans_around_steps_async() -> AsyncIterator[int]:
    """Spans that are open while the generator waits."""
    with span("outer"):
        yield 1
        with raw("inner"):
            await asyncio.sleep(0)
            yield 2
            with span("innermost"):
                pass
        yield 3
        with raw("last"):
            pass


@contextlib.asynccontextmanager
async def own_span_async(name: str) -> AsyncIterator[None]:
    """Somebody's own way of opening a span."""
    with span(name):
        await asyncio.sleep(0)
        yield


async def span_by_context_manager_async() -> AsyncIterator[int]:
    """A span opened by somebody's `@asynccontextmanager`."""
    async with own_span_async("own"):
        yield 1
        with raw("body"):
            pass
        yield 2


class OwnSpanAsync(OwnSpan):
    """Somebody's own way of opening a span, as a class."""

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *error: Any) -> None:
        self.__exit__(*error)


async def span_by_object_async() -> AsyncIterator[int]:
    """A span opened by somebody's context manager of a class."""
    async with OwnSpanAsync():
        yield 1
        with raw("body"):
            pass


async def spans_on_exit_stack_async() -> AsyncIterator[int]:
    """Spans that an exit stack closes."""
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(span("stacked"))
        await stack.enter_async_context(own_span_async("own"))
        yield 1
        with raw("body"):
            pass


@pytest.mark.parametrize(
    ("generator", "tree"),
    [
        (spans_around_steps_async, "outer > [inner > innermost, last]"),
        (span_by_context_manager_async, "own > body"),
        (span_by_object_async, "own > body"),
        (spans_on_exit_stack_async, "stacked > own > body"),
    ],
)
def test_an_async_generator_s_spans_nest_as_they_are_written(
    traces: CapturedTraces, generator: Callable[[], AsyncIterator[Any]], tree: str
) -> None:
    """`asyncio.wait_for(anext(…))` makes a task, and so a context, of each step."""

    async def handler() -> None:
        with span("request"):
            await step_in_other_tasks(generator())
            with raw("after"):
                pass

    asyncio.run(handler())
    assert shown(traces) == drawn(f"request > [{tree}, after]")


def test_a_generator_closed_elsewhere_is_not_a_parent_afterwards(traces: CapturedTraces) -> None:
    """Its span is still in the context of who had stepped into it, and cannot be taken out there."""

    def steps() -> Generator[int, None, None]:
        with span("steps"):
            yield 1

    with span("request"):
        generator = steps()
        next(generator)
        closer = threading.Thread(target=generator.close)
        closer.start()
        closer.join()
        with raw("after"):
            pass
    assert shown(traces) == drawn("request > [steps!, after]")


def test_a_task_that_a_generator_started_goes_on_under_its_span(traces: CapturedTraces) -> None:
    """The task was started while the span was open, however late it opens its own."""

    async def handler() -> None:
        started = asyncio.Event()
        tasks = []

        async def later() -> None:
            await started.wait()
            with raw("late"):
                pass

        async def steps() -> AsyncIterator[int]:
            with span("steps"):
                tasks.append(asyncio.create_task(later()))
                yield 1

        with span("request"):
            async for _ in steps():
                pass
        started.set()
        await asyncio.gather(*tasks)

    asyncio.run(handler())
    assert shown(traces) == drawn("request > steps > late")


def test_threads_with_a_copied_context_open_spans_where_they_were_started(traces: CapturedTraces) -> None:
    """`copy_context().run`, as `asyncio.to_thread` does it."""

    async def handler() -> None:
        def work(name: str) -> None:
            with raw(name):
                pass

        with span("request"):
            with span("outer"):
                await asyncio.to_thread(work, "in outer")
            await asyncio.to_thread(work, "in request")

    asyncio.run(handler())
    assert shown(traces) == drawn("request > [outer > in outer, in request]")


def test_tasks_side_by_side_do_not_see_each_other_s_spans(traces: CapturedTraces) -> None:
    """`asyncio.gather`, with the tasks' steps in turns."""

    async def task(name: str) -> None:
        with span(name):
            for _ in range(3):
                with raw(f"in {name}"):
                    await asyncio.sleep(0)

    async def handler() -> None:
        with span("request"):
            await asyncio.gather(task("one"), task("other"))

    asyncio.run(handler())
    one, other = (f"{name} > [in {name}, in {name}, in {name}]" for name in ("one", "other"))
    assert shown(traces) == drawn(f"request > [{one}, {other}]")


def test_what_opens_nowhere_is_a_trace_of_its_own(traces: CapturedTraces) -> None:
    """Two spans outside each other and any request are two traces."""
    with span("one"):
        pass
    with raw("other"):
        pass
    assert shown(traces) == drawn("one", "other")


def test_no_complaint_about_a_different_context_is_logged(
    traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    """Leaving a span in another context than it was entered in changes nothing, so nobody hears of it."""
    with span("request"):
        step_in_other_contexts(spans_around_steps())
    assert "different Context" not in caplog.text
