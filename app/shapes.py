"""What goes in and out of the routes, field by field."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)
from pydantic_core import PydanticCustomError

SessionId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


def _refuse_boolean(value: object) -> object:
    """`true` is 1 to Python; to the schema, and to who sent it, it is no number."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


NOT_A_BOOLEAN = BeforeValidator(_refuse_boolean)
Version = Annotated[int, Field(ge=0), NOT_A_BOOLEAN]
ExpectedVersion = Annotated[
    Version | None, Field(description="the deck's version that the change is meant for; 409 where it is another")
]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class LeavingOut(BaseModel):
    """A shape without the fields that do not apply."""

    @model_serializer(mode="wrap")
    def _leave_out_what_does_not_apply(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


class EventName(str, Enum):
    """What a stream tells."""

    SESSION_CREATED = "session_created"
    ASSISTANT = "assistant"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    COMPLETE = "complete"
    ERROR = "error"
    CANCELLED = "cancelled"


class ErrorShape(BaseModel):
    """What was wrong, and the ids by which the request is found; no trace id where there is no trace."""

    detail: str
    request_id: str
    trace_id: str


class ConflictShape(ErrorShape):
    """The same, and the deck's version where that was the reason."""

    version: int | None = None


class ChatRequest(BaseModel):
    """A question, and how long the deck may get."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "How did revenue develop by region in 2024?", "max_slides": 5}]}
    )

    message: str = Field(min_length=1, max_length=5000)
    max_slides: Annotated[int, Field(ge=1, le=50), NOT_A_BOOLEAN] = 10
    session_id: SessionId | None = None
    expected_version: ExpectedVersion = None


class ToolCallShape(BaseModel):
    """The tool that was called, and with what."""

    name: str
    arguments: dict[str, Any]


class MessageShape(LeavingOut):
    """One message of a turn."""

    role: Literal["user", "assistant", "tool"]
    content: str
    timestamp: datetime
    tool_call: ToolCallShape | None = None
    tool_call_id: str | None = None


class FeedbackShape(LeavingOut):
    """What a person thought of an answer."""

    value: Any
    rationale: str | None = None


class StoredMessageShape(MessageShape):
    """One message of a session, with the trace of its turn."""

    trace_id: str
    trace_url: str
    feedback: FeedbackShape | None = None


class SlideShape(BaseModel):
    """One slide; `index` counts from 0."""

    index: int
    slide_id: str
    html: str


class DeckShape(BaseModel):
    """The slides and what they share; `version` grows with each change."""

    version: int
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
    """The turn, and the deck as it is now; no deck, and no HTML, as long as there is none."""

    session_id: str
    messages: list[MessageShape]
    slide_deck: DeckShape | None
    raw_html: str
    metadata: Metadata


class Ordered(BaseModel):
    """A turn that was ordered: where to ask for it."""

    request_id: str
    session_id: str
    status: str
    trace_id: str
    trace_url: str


class EventShape(BaseModel):
    """What happened in a turn, as the stream tells it."""

    event: str
    data: dict[str, Any]


class Polled(LeavingOut):
    """How an ordered turn is doing: `result` when it is completed, `detail` when it came to nothing."""

    request_id: str
    session_id: str
    status: Literal["pending", "running", "completed", "error", "cancelled"]
    events: list[EventShape]
    trace_id: str
    trace_url: str
    result: ChatAnswer | None = None
    detail: str | None = None


class Cancelled(BaseModel):
    """Whether there was a turn to cancel."""

    session_id: str
    cancelled: bool


class TitleRequest(BaseModel):
    """A session's title."""

    title: Title


class NewSessionRequest(BaseModel):
    """A new session; without a title it takes its first message's words."""

    title: Title | None = None


class OrderedTurnShape(BaseModel):
    """A turn that was ordered and is not over: where to follow it."""

    request_id: str
    message: str


class SessionShape(LeavingOut):
    """A session of the caller's, and the turn that was ordered in it, as long as that is not over."""

    session_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    turn: OrderedTurnShape | None = None


class SessionsShape(BaseModel):
    """The caller's sessions, the latest used first."""

    sessions: list[SessionShape]


class MessagesShape(BaseModel):
    """All that was said in a session."""

    session_id: str
    messages: list[StoredMessageShape]


class OrderRequest(BaseModel):
    """The slides' present places, in the order wanted."""

    new_order: list[Annotated[int, NOT_A_BOOLEAN]]
    expected_version: ExpectedVersion = None


class SlideRequest(BaseModel):
    """A slide's new HTML."""

    html: str = Field(min_length=1, max_length=1_000_000)
    expected_version: ExpectedVersion = None


class FeedbackRequest(BaseModel):
    """What a person thinks of an answer."""

    trace_id: str = Field(max_length=64)
    value: bool | FiniteFloat | Annotated[str, StringConstraints(max_length=5000)]
    rationale: str | None = Field(default=None, max_length=5000)


class FeedbackAnswer(BaseModel):
    """Whether the feedback is on its way to MLflow."""

    stored: bool
    trace_id: str


class HealthShape(BaseModel):
    """The process answers; `mode` says what answers questions."""

    status: Literal["ok"]
    mode: str


class TracingStatusShape(BaseModel):
    """The tracing status, as `otel_mlflow.Tracing.status()` has it."""

    model_config = ConfigDict(extra="allow")

    state: Literal["starting", "ok", "degraded", "failed", "disabled"]
    reason: str = ""
