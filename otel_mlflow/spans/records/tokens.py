"""How many tokens the models of a trace have used, as their spans say.

MLflow's rule: a span that reports tokens stands for all below it, which it sums up. Spans are written in any order,
over several records, and some more than once. So each knows what those below it add up to (`tokens_below`), and what
changes at a span is carried up, to the trace or to the nearest span that reports tokens itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from otel_mlflow import mlflow_names
from otel_mlflow.spans.records.folding import parent_after_folding
from otel_mlflow.spans.trace import OpenTrace, SpanState


def tokens_of(attributes: Mapping[str, Any]) -> dict[str, int] | None:
    """What a span says in `mlflow.chat.tokenUsage`; None if it says nothing that can be added up."""
    said = attributes.get(mlflow_names.CHAT_USAGE)
    if said is None:
        return None
    try:
        usage = json.loads(said) if isinstance(said, str) else said
    except ValueError:
        return None
    if not isinstance(usage, Mapping):
        return None
    counts = {str(kind): count for kind, count in usage.items() if isinstance(count, int)}
    return counts or None


def count_tokens(trace: OpenTrace, state: SpanState, reported: Mapping[str, int] | None) -> None:
    """Count what a span reports, in place of what it reported when it was written before."""
    if reported is None and state.tokens is None:
        return
    before = state.tokens or state.tokens_below
    state.tokens = reported
    after = state.tokens or state.tokens_below
    if before == after:
        return
    above = parent_after_folding(state)
    while above is not None:
        above.tokens_below = _replaced(above.tokens_below, before, after)
        if above.tokens:
            return
        above = parent_after_folding(above)
    trace.tokens = _replaced(trace.tokens, before, after)


def _replaced(sums: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The sums with `after` where they had `before`; a kind that nobody reports any more is gone."""
    rest = {kind: count - before.get(kind, 0) for kind, count in sums.items()}
    others = {kind: count for kind, count in rest.items() if count or kind not in before}
    return {kind: others.get(kind, 0) + after.get(kind, 0) for kind in {**others, **after}}
