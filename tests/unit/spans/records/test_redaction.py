"""Secrets in everything that a trace says, and the function of the user's own that has the last word."""

from __future__ import annotations

from typing import Any

import pytest

from otel_mlflow.content import REDACTED
from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings
from otel_mlflow.spans.export_state import EARLY_SPANS
from otel_mlflow.spans.trace import MANY_SPANS
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import spans_of

SECRET = "Zk7abc9def1ghi"
TOKEN = "dapi" + "0123456789abcdef" * 2


def shout(value: Any) -> Any:
    """Redact as a user may: texts in capital letters."""
    return value.upper() if isinstance(value, str) else value


SEEN: list[str] = []


def note_down(value: Any) -> Any:
    """Take as long as a user's function may."""
    SEEN.append(str(value))
    return value


def fail(value: Any) -> Any:
    """Fail as a user's function may."""
    raise RuntimeError(value)


def test_names_are_searched_as_well_as_values(traces: CapturedTraces, instrument: Instrument) -> None:
    """Of attributes, events and tags."""

    def handler() -> None:
        with raw("work") as opened:
            opened.set_attribute(f"key {TOKEN}", 1)
            opened.add_event(f"event {TOKEN}", {f"name {TOKEN}": 2})

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert TOKEN not in str(traces[0].to_dict())
    assert spans_of(traces[0])["work"].attributes[f"key {REDACTED}"] == 1


def test_streamed_words_are_searched_as_one_text(traces: CapturedTraces) -> None:
    """As LangChain streams them, one event a word."""
    with raw("model") as opened:
        for word in ("it is ", "da", "pi0123456789", "abcdef0123456789abcdef", " ok"):
            opened.add_event("new_token", {"token": word})
    words = [event.attributes["token"] for event in spans_of(traces[0])["model"].events]
    assert words == ["it is ", REDACTED, "", "", " ok"]


def test_lists_under_the_name_of_a_secret(traces: CapturedTraces) -> None:
    """As the semantic conventions record headers."""
    with raw("call") as opened:
        opened.set_attribute("http.request.header.authorization", [SECRET])
        opened.set_attribute("http.request.header.accept", ["*/*"])
    attributes = spans_of(traces[0])["call"].attributes
    assert attributes["http.request.header.authorization"] == REDACTED
    assert list(attributes["http.request.header.accept"]) == ["*/*"]


def test_long_text_is_cut_before_it_is_searched(traces: CapturedTraces, instrument: Instrument) -> None:
    """A secret that the cut splits is left out."""

    def handler() -> None:
        with span("work") as opened:
            opened.set_attribute("note", "x" * 180 + " " + TOKEN + "y" * 10_000_000)

    app = app_of(handler)
    instrument(app, tracing={"max_content_bytes": 200})
    Call(app).run()
    assert TOKEN[:10] not in str(traces[0].to_dict())


def test_own_function_has_the_last_word(traces: CapturedTraces, instrument: Instrument) -> None:
    """It sees what our own redaction left."""

    def handler() -> dict[str, str]:
        with span("work") as opened:
            opened.set_attribute("note", f"hello password={SECRET}")
        return {"said": "aloud"}

    app = app_of(handler)
    instrument(app, tracing={"redact": f"{__name__}:shout"})
    Call(app).run()
    (work,) = (found for found in traces[0].data.spans if found.parent_id)
    assert work.attributes["note"] == "HELLO PASSWORD=[REDACTED]"
    assert "ALOUD" in str(traces[0].data.response)


def test_own_function_is_never_called_in_a_request(traces: CapturedTraces, instrument: Instrument) -> None:
    """However many spans it has: the function may take any time."""
    seen_in_request: list[str] = []

    def handler() -> None:
        for _ in range(MANY_SPANS + 2 * EARLY_SPANS):
            with raw("short"):
                pass
        seen_in_request.extend(SEEN)

    app = app_of(handler)
    instrument(app, tracing={"redact": f"{__name__}:note_down"})
    SEEN.clear()
    Call(app).run()
    assert seen_in_request == []
    assert len(traces[0].data.spans) == MANY_SPANS + 2 * EARLY_SPANS + 1
    assert SEEN


def test_own_function_that_fails_lets_nothing_out(traces: CapturedTraces, instrument: Instrument) -> None:
    """A text that says so stands where the value would."""

    def handler() -> None:
        with span("work") as opened:
            opened.set_attribute("note", "hello")

    app = app_of(handler)
    instrument(app, tracing={"redact": f"{__name__}:fail"})
    Call(app).run()
    (work,) = (found for found in traces[0].data.spans if found.parent_id)
    assert work.attributes["note"] == "[redacted: tracing.redact failed with RuntimeError]"
    assert work.span_type == "UNKNOWN"


@pytest.mark.parametrize(
    "path", ["no_such_module:function", f"{__name__}:missing", f"{__name__}:SECRET", "nonsense", ""]
)
def test_own_function_is_loaded_at_the_start(path: str) -> None:
    """One that is not there is an error of the settings, not of the first trace."""
    with pytest.raises(SettingsError, match=r"tracing\.redact"):
        Settings(tracing={"redact": path})
