"""The tree is exact: every way that a request can go leaves one trace, with its spans where they were opened."""

from __future__ import annotations

import sys

import pytest

from tests.acceptance.service import Service, check
from tests.acceptance.shapes import langchain, langgraph
from tests.acceptance.shapes.catalogue import SHAPES
from tests.acceptance.shapes.family import Shape

AT_ONCE = 40
IS_3_11 = sys.version_info >= (3, 11)

WITH_CONTEXT = frozenset(
    {
        *("agent-abatch", "agent-ainvoke", "agent-ainvoke-both-tools", "agent-ainvoke-sync-tool", "agent-in-span"),
        *("agent-asking-another", "agent-astream", "agent-astream-events", "agent-astream-in-span"),
        *("agent-astream-messages", "graph-cancelled", "graph-continued", "graph-fan-out", "graph-gather"),
    }
)
"""Before Python 3.11 no task can be started in a context, and LangChain tells a run in one nothing of its parent."""

LIKE_ANOTHER = frozenset(
    {
        *("chain-invoke", "chain-invoke-in-async-handler", "chain-ainvoke", "chain-in-span", "chain-twice"),
        *("chain-astream-events", "chain-model-calls-out", "chain-model-calls-out-async", "agent-invoke"),
        *("agent-ainvoke-sync-tool", "agent-ainvoke-both-tools", "agent-astream", "agent-stream-in-span"),
        *("agent-astream-in-span", "agent-astream-messages"),
    }
)
"""Shapes that start their runs as others do that have more to them: forty of each at once are left to the soak."""

FORTY = [
    pytest.param(shape, id=str(shape), marks=pytest.mark.soak if str(shape) in LIKE_ANOTHER else ())
    for shape in langchain.family.shapes + langgraph.family.shapes
]


@pytest.fixture(autouse=True)
def python_can(request: pytest.FixtureRequest) -> None:
    """Skip what LangChain itself needs a newer Python for."""
    shape = request.node.callspec.params.get("shape") if hasattr(request.node, "callspec") else None
    if not IS_3_11 and str(shape) in WITH_CONTEXT:
        pytest.skip("LangChain needs Python 3.11 to tell parents in tasks")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_request_leaves_one_exact_tree(shapes: Service, shape: Shape) -> None:
    """Each shape, alone: name, nesting, number and status of all spans, outcome and state, and nothing astray."""
    check(shapes, [shape])


@pytest.mark.parametrize("shape", FORTY)
def test_forty_langchain_requests_at_once_leave_forty_exact_trees(shapes: Service, shape: Shape) -> None:
    """Each LangChain shape, many times at the same moment: no run's spans end up in another's tree."""
    check(shapes, [shape] * AT_ONCE)


def test_all_shapes_at_once_leave_each_its_own_tree(shapes: Service) -> None:
    """Every shape that the server's own log stays quiet about, three times, all at the same moment."""
    check(shapes, [shape for shape in SHAPES if not shape.raises and (IS_3_11 or str(shape) not in WITH_CONTEXT)] * 3)
