"""`tracing.capture_input_output: false`: no content in what is spooled and sent, to the byte."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import mlflow
from fastapi import FastAPI
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool

import otel_mlflow
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.apps import raw
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

SAID = "whatwassaid"


@tool
def failing(question: str) -> str:
    """Fail, and quote the question."""
    raise ValueError(f"{question} {SAID}")


class Archive(BaseRetriever):
    """Knows one document."""

    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        return [Document(page_content=SAID, metadata={"title": SAID})]


def work(path: str, body: dict[str, str]) -> dict[str, str]:
    """Everything that leaves content in a trace."""
    with mlflow.start_span("mlflow", attributes={"messages": [SAID], "anything": {"a": SAID}}) as span:
        span.set_inputs(SAID)
        span.set_outputs({"a": SAID})
    with raw("library") as other:
        other.set_attributes({"gen_ai.input.messages": SAID, "input.value": SAID, "traceloop.entity.output": SAID})
        other.set_attributes({"llm.prompts.0": SAID, "db.query.text": SAID, "url.full": f"http://host/{SAID}"})
        other.add_event("gen_ai.user.message", {"content": SAID, "lines": (SAID,)})
    with suppress(ValueError):
        failing.invoke({"question": SAID}, config={"metadata": {"note": SAID}, "tags": [SAID]})
    Archive().invoke(SAID)
    list(FakeListChatModel(responses=[SAID]).stream(SAID))
    otel_mlflow.current_trace().set_inputs(SAID)
    otel_mlflow.current_trace().set_outputs(SAID)
    mlflow.update_current_trace(request_preview=SAID, response_preview=SAID)
    if body["fails"] == "yes":
        raise ValueError(SAID)
    return {"answer": SAID}


def written(instrument: Instrument, fails: str, **tracing: Any) -> bytes:
    """All that is written of a request's trace."""
    app = FastAPI()
    app.post("/work/{path}")(work)
    instrument(app, tracing=tracing, runs={"mode": "request"})
    delivery = MemoryDelivery()
    body = f'{{"question": "{SAID}", "fails": "{fails}"}}'.encode()
    with BRIDGE.diverted_to(delivery), suppress(ValueError):
        Call(app, f"POST /work/{SAID}?q={SAID}", headers={"content-type": "application/json"}, chunks=[body]).run()
    delivery.traces()
    return b"".join(record.spans + record.info for records in delivery._records.values() for record in records)


def test_nothing_that_was_said_is_written(fresh_process: None, instrument: Instrument) -> None:
    """From the path, the query, the body, MLflow's, LangChain's and others' spans, previews; the spans are there."""
    content = written(instrument, "no", capture_input_output=False)
    assert SAID.encode() not in content
    assert all(name in content for name in (b"mlflow", b"library", b"failing", b"Archive", b"FakeListChatModel"))


def test_nor_is_an_error_s_message(fresh_process: None, instrument: Instrument) -> None:
    """Only of what type it was."""
    content = written(instrument, "yes", capture_input_output=False)
    assert SAID.encode() not in content
    assert b"ValueError" in content


def test_otherwise_it_is(fresh_process: None, instrument: Instrument) -> None:
    """So that the tests above can fail."""
    assert written(instrument, "no").count(SAID.encode()) > 20
