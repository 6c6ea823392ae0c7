"""Threads for work that waits, so that what is slow in one place holds up nothing in another."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


class Pool:
    """A bounded number of threads under one name; `asyncio.to_thread` would share those of LangChain's models."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Call the function in one of the threads, in a copy of the caller's context."""
        call = partial(contextvars.copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


STORE = Pool("slides-store", 16)
"""For the database and the parsing of decks: milliseconds each."""

DATA = Pool("slides-data", 64)
"""For questions to Genie: up to minutes each, nearly all of it waiting."""
