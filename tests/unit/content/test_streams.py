"""A secret that comes in pieces is hidden as if it were one."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content import REDACTED, redact_pieces
from otel_mlflow.content.streams import redact_stream
from tests.unit.content.planted import REDACTOR, cores


@given(cores, st.lists(st.integers(0, 60), max_size=8))
def test_secret_in_any_pieces(core: str, cuts: list[int]) -> None:
    """Wherever it is split; what stands around it stays."""
    text = f"it is dapi{core}{core} and more"
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    redacted = redact_pieces(pieces, REDACTOR)
    assert len(redacted) == len(pieces)
    if len(set(pieces)) > 1:
        assert "".join(redacted) == f"it is {REDACTED} and more"


def test_texts_at_the_same_place_of_each_item_belong_together() -> None:
    """As a model's answer comes: what is beside it is not touched."""
    deltas = ["my password", " is Zk7", "abc9def", " ok"]
    items = [{"id": "c-1", "choices": [{"delta": {"content": delta}}]} for delta in deltas]
    redacted = redact_stream(items, REDACTOR)
    assert [item["choices"][0]["delta"]["content"] for item in redacted] == [deltas[0], f" is {REDACTED}", "", " ok"]
    assert {item["id"] for item in redacted} == {"c-1"}


def test_stream_without_secrets_stays() -> None:
    """Not one piece is changed."""
    items = [{"delta": word} for word in ["the", "tokens", "of", "a", "model", "are", "pieces", "of", "text"]]
    assert redact_stream(json.loads(json.dumps(items)), REDACTOR) == items
