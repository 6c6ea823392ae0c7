"""What a real MLflow server holds: traces read back through MLflow's own client, and their trees as text.

A tree is written on one line, as in `GET / > [model > Model, tools > tool! > raw]`: `>` leads to what is below,
brackets hold siblings in any order, and `!` follows the name of a span whose status is ERROR.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Span, SpanStatusCode, Trace

PAGE = 100
SPANS_ARRIVED = "tags.`mlflow.trace.spansLocation` = 'TRACKING_STORE'"  # reading others fails: no artifacts here


@dataclass(frozen=True)
class Tree:
    """One span, with all that is below it."""

    name: str
    below: tuple[Tree, ...] = ()

    def __len__(self) -> int:
        """How many spans there are, this one included."""
        return 1 + sum(map(len, self.below))


def picture(trees: Iterable[Tree], indent: str = "") -> str:
    """Draw trees with a line for each span; siblings are sorted, so that equal trees make equal pictures."""
    return "".join(sorted(f"{indent}{tree.name}\n{picture(tree.below, indent + '    ')}" for tree in trees))


def parse(notation: str) -> Tree:
    """Read one line of the notation above."""
    tokens = iter([*re.findall(r"[\[\]>,]|[^\[\]>,]+", re.sub(r"\s*([\[\]>,])\s*", r"\1", notation.strip())), ""])
    tree, rest = _parse_one(next(tokens), tokens)
    if rest:
        raise ValueError(f"{notation!r}: nothing may follow the root, {rest!r} does")
    return tree


def _parse_one(name: str, tokens: Iterator[str]) -> tuple[Tree, str]:
    """Read a span and all below it; return it with the first token that follows."""
    following = next(tokens)
    if following != ">":
        return Tree(name), following
    following = next(tokens)
    if following != "[":
        only, following = _parse_one(following, tokens)
        return Tree(name, (only,)), following
    below = []
    while following != "]":
        one, following = _parse_one(next(tokens), tokens)
        below.append(one)
    return Tree(name, tuple(below)), next(tokens)


def trees(spans: Collection[Span]) -> list[Tree]:
    """The trees that a trace's spans form: one if the trace is whole, more if it has other roots or orphans."""
    known = {span.span_id for span in spans}
    below: Mapping[str | None, list[Span]] = defaultdict(list)
    for span in spans:
        below[span.parent_id if span.parent_id in known else None].append(span)

    def grown(span: Span) -> Tree:
        return Tree(_label(span, known), tuple(grown(child) for child in below[span.span_id]))

    return [grown(root) for root in below[None]]


def _label(span: Span, known: set[str]) -> str:
    lost = "(its parent is missing) " if span.parent_id and span.parent_id not in known else ""
    failed = "!" if span.status.status_code == SpanStatusCode.ERROR else ""
    return f"{lost}{span.name}{failed}"


class TraceReader:
    """The traces of one experiment."""

    def __init__(self, tracking_uri: str, experiment: str) -> None:
        """The experiment need not exist yet."""
        self.client = MlflowClient(tracking_uri)
        self.experiment = experiment
        self._experiment_id: str | None = None

    def traces(self, *, since: float = 0, spans: bool = True) -> list[Trace]:
        """All of them that began at or after `since` (seconds of the epoch) and have spans, oldest first.

        With `spans=False` they come without those, in a fraction of the time.
        """
        if (experiment := self._find_experiment()) is None:
            return []
        found: list[Trace] = []
        token: str | None = None
        while token != "":
            page = self.client.search_traces(
                locations=[experiment],
                filter_string=f"trace.timestamp_ms >= {int(since * 1000)} AND {SPANS_ARRIVED}",
                order_by=["timestamp_ms ASC"],
                include_spans=spans,
                max_results=PAGE,
                page_token=token,
            )
            found += page
            token = page.token or ""
        return found

    def _find_experiment(self) -> str | None:
        if self._experiment_id is None:
            found = self.client.get_experiment_by_name(self.experiment)
            self._experiment_id = found.experiment_id if found else None
        return self._experiment_id
