"""All families of shapes."""

from __future__ import annotations

from tests.acceptance.shapes import (
    afterwards,
    concurrency,
    departures,
    dependencies,
    failures,
    handlers,
    handovers,
    langchain,
    langgraph,
    middlewares,
    mounts,
    sockets,
    streams,
)

FAMILIES = (
    handlers.family,
    dependencies.family,
    streams.family,
    afterwards.family,
    concurrency.family,
    failures.family,
    departures.family,
    handovers.family,
    middlewares.family,
    mounts.family,
    sockets.family,
    langchain.family,
    langgraph.family,
)
SHAPES = [shape for family in FAMILIES for shape in family.shapes]
