"""The tree is exact: every way that a request can go leaves one trace, with its spans where they were opened."""

from __future__ import annotations

import pytest

from tests.acceptance.service import Service, check
from tests.acceptance.shapes import langchain, langgraph
from tests.acceptance.shapes.catalogue import SHAPES
from tests.acceptance.shapes.family import Shape

AT_ONCE = 40


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_request_leaves_one_exact_tree(shapes: Service, shape: Shape) -> None:
    """Each shape, alone: name, nesting, number and status of all spans, outcome and state, and nothing astray."""
    check(shapes, [shape])


@pytest.mark.parametrize("shape", langchain.family.shapes + langgraph.family.shapes, ids=str)
def test_forty_langchain_requests_at_once_leave_forty_exact_trees(shapes: Service, shape: Shape) -> None:
    """Each LangChain shape, many times at the same moment: no run's spans end up in another's tree."""
    check(shapes, [shape] * AT_ONCE)


def test_all_shapes_at_once_leave_each_its_own_tree(shapes: Service) -> None:
    """Every shape that the server's own log stays quiet about, three times, all at the same moment."""
    check(shapes, [shape for shape in SHAPES if not shape.raises] * 3)
