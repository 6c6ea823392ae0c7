"""How many tokens the models of a trace have used, as their spans say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from otel_mlflow import mlflow_names
from otel_mlflow.spans.records.folding import parent_after_folding
from otel_mlflow.spans.trace import OpenTrace, SpanState


def tokens_of(attributes: Mapping[str, Any]) -> dict[str, int] | None:
    """What a span says in `mlflow.chat.tokenUsage`; None if it says nothing that can be added up."""
    said = attributes.get(mlflow_names.CHAT_USAGE)
    try:
        usage = json.loads(said) if isinstance(said, str) else said
    except ValueError:
        return None
    if not isinstance(usage, Mapping):
        return None
    counts = {str(kind): count for kind, count in usage.items() if isinstance(count, int)}
    return counts or None


def add_up(trace: OpenTrace, spans: Iterable[SpanState]) -> bool:
    """Add what these spans used to what the trace has used so far; answer whether that has changed.

    MLflow's rule: an agent's span that sums up the models below it stands for all of them.
    """
    counted = [state.tokens for state in spans if state.tokens and not _is_summed_up(state)]
    for usage in counted:
        for kind, count in usage.items():
            trace.tokens[kind] = trace.tokens.get(kind, 0) + count
    return bool(counted)


def _is_summed_up(state: SpanState) -> bool:
    above = parent_after_folding(state)
    while above is not None:
        if above.tokens:
            return True
        above = parent_after_folding(above)
    return False
