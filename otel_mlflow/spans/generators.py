"""What the stack tells: the generators that a span is opened in, and who calls."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import CodeType, FrameType
from typing import TypeVar

T = TypeVar("T")

_GENERATOR = CO_GENERATOR | CO_ASYNC_GENERATOR
_TRACING_PACKAGES = frozenset({"contextlib", "opentelemetry", "mlflow", "otel_mlflow"})

_ENTERING = frozenset({"__enter__", "__aenter__"})
"""What a `with` block calls, whether the context manager is a library's or the application's own."""

_TRACING_CODE: dict[int, CodeType] = {}
"""Functions of those packages, by identity: code objects compare by all that is in them."""


def innermost_generator(generators: Mapping[FrameType, T]) -> T | None:
    """What belongs to the innermost of these generators that is being run through right now."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        found = generators.get(frame)
        if found is not None:
            return found
        frame = frame.f_back
    return None


def caller_outside(modules: str) -> FrameType | None:
    """The innermost function on the stack that is neither of a tracing package nor of modules whose names begin so."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (_is_tracing(frame) or module_of(frame).startswith(modules) or _is_unnamed(frame)):
        frame = frame.f_back
    return frame


def is_on_stack(wanted: FrameType) -> bool:
    """Whether this call of a function is under way here, and is not a generator that waits to be stepped on."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not wanted:
        frame = frame.f_back
    return frame is wanted


def is_generator(frame: FrameType) -> bool:
    """Whether the frame is that of a generator."""
    return bool(frame.f_code.co_flags & _GENERATOR)


def opening_generators() -> tuple[FrameType, ...]:
    """The frames of the generators whose `with` block opens the span that is being started.

    More than one where the block is in a `@contextmanager`, which may be somebody's own way of opening a span, used in
    another generator, or a generator that a framework steps through as a context manager, such as a dependency.
    """
    frame: FrameType | None = sys._getframe(1)
    entered = False
    found: tuple[FrameType, ...] = ()
    while frame is not None:
        code = frame.f_code
        if id(code) in _TRACING_CODE:
            entered = entered or code.co_name == "__enter__"
        elif _is_tracing(frame):
            _TRACING_CODE[id(code)] = code
            continue
        elif not entered:
            break
        elif code.co_name not in _ENTERING:
            if not is_generator(frame):
                break
            found += (frame,)
            if not _is_context_manager(frame):
                break
        frame = frame.f_back
    return found


def _is_tracing(frame: FrameType) -> bool:
    return module_of(frame).partition(".")[0] in _TRACING_PACKAGES


def module_of(frame: FrameType) -> str:
    """The name of the module whose code the frame runs."""
    return str(frame.f_globals.get("__name__", ""))


def _is_unnamed(frame: FrameType) -> bool:
    """Whether it is a comprehension's, as long as those have frames, or a lambda's."""
    return frame.f_code.co_name.startswith("<")


def _is_context_manager(frame: FrameType) -> bool:
    """Whether the generator is stepped through as the body of an `@(async)contextmanager`."""
    caller = frame.f_back
    return caller is not None and caller.f_code.co_name in _ENTERING and _is_tracing(caller)
