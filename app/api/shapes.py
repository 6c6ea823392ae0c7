"""What goes in and out of the chat route, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer

SessionId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class ChatRequest(BaseModel):
    """A question, and how long the deck may get."""

    message: str = Field(min_length=1, max_length=5000)
    max_slides: int = Field(default=10, ge=1, le=50)
    session_id: SessionId | None = None


class ToolCallShape(BaseModel):
    """The tool that was called, and with what."""

    name: str
    arguments: dict[str, Any]


class MessageShape(BaseModel):
    """One message of the conversation; what does not apply to it is left out."""

    role: Literal["user", "assistant", "tool"]
    content: str
    timestamp: datetime
    tool_call: ToolCallShape | None = None
    tool_call_id: str | None = None

    @model_serializer(mode="wrap")
    def _leave_out_what_does_not_apply(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


class SlideShape(BaseModel):
    """One slide; `index` counts from 0."""

    index: int
    slide_id: str
    html: str


class DeckShape(BaseModel):
    """The slides and what they share."""

    title: str
    slide_count: int
    css: str
    external_scripts: list[str]
    scripts: str
    slides: list[SlideShape]


class Metadata(BaseModel):
    """About the turn. `mode` says honestly which model answered; the trace fields are empty when it was not traced."""

    latency_seconds: float
    tool_calls: int
    message_count: int
    mode: str
    trace_id: str
    trace_url: str


class ChatAnswer(BaseModel):
    """The turn. No deck, and no HTML, when the answer was words alone."""

    session_id: str
    messages: list[MessageShape]
    slide_deck: DeckShape | None
    raw_html: str
    metadata: Metadata
