"""Dependencies of every kind. What opens a span and yields keeps it open for the handler, where Python lets it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, HTTPException

from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.spans import nested, raw, span

family = Family()


def plain() -> None:
    nested("user", "query")


async def plain_async() -> None:
    nested("user", "query")


@family.route("GET /dependencies/sync > [user > query, work]")
def with_sync(_: Annotated[None, Depends(plain)]) -> None:
    with span("work"):
        pass


@family.route("GET /dependencies/async > [user > query, work]")
async def with_async(_: Annotated[None, Depends(plain_async)]) -> None:
    with span("work"):
        pass


async def session_async() -> AsyncIterator[None]:
    with span("session"):
        with raw("begin"):
            pass
        yield
        with raw("commit"):
            pass


@family.route("GET /dependencies/yield-async > session > [begin, work > query, commit]")
async def with_yield_async(_: Annotated[None, Depends(session_async)]) -> None:
    nested("work", "query")


@family.route("GET /dependencies/yield-async-sync-handler > session > [begin, work > query, commit]")
def with_yield_async_in_a_thread(_: Annotated[None, Depends(session_async)]) -> None:
    nested("work", "query")


def session() -> Iterator[None]:
    """Entered in one thread and left in another, with the span open all the while."""
    with span("session"):
        with raw("begin"):
            pass
        yield
        with raw("commit"):
            pass


@family.route("GET /dependencies/yield-sync > session > [begin, commit]")
def with_yield_sync(_: Annotated[None, Depends(session)]) -> None:
    return None


def around() -> Iterator[None]:
    with span("before"):
        pass
    yield
    with span("after"):
        pass


@family.route("GET /dependencies/yield-sync-around > [before, work > query, after]")
async def with_spans_before_and_after(_: Annotated[None, Depends(around)]) -> None:
    nested("work", "query")


async def inner_session(_: Annotated[None, Depends(session_async)]) -> AsyncIterator[None]:
    with raw("inner session"):
        yield


@family.route("GET /dependencies/nested > session > [begin, inner session > work > query, commit]")
async def with_nested(_: Annotated[None, Depends(inner_session)]) -> None:
    nested("work", "query")


async def forbidding() -> None:
    with span("check"):
        raise HTTPException(403)


@family.route("GET /dependencies/forbidden > check!", status=403)
async def never_reached(_: Annotated[None, Depends(forbidding)]) -> None:
    nested("work", "query")
