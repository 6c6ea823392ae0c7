"""What a turn brought, in the shapes that go out."""

from __future__ import annotations

from app.agent.turn import TurnMessage
from app.decks.deck import Deck
from app.shapes import DeckShape, EventShape, MessageShape, SlideShape, ToolCallShape


def message_shape(message: TurnMessage) -> MessageShape:
    """One message."""
    call = message.tool_call
    return MessageShape(
        role=message.role,
        content=message.content,
        timestamp=message.timestamp,
        tool_call=ToolCallShape(name=call["name"], arguments=call["args"]) if call else None,
        tool_call_id=message.tool_call_id,
    )


def deck_shape(deck: Deck, version: int) -> DeckShape:
    """A deck."""
    return DeckShape(
        version=version,
        title=deck.title,
        slide_count=len(deck.slides),
        css=deck.css,
        external_scripts=list(deck.external_scripts),
        scripts=deck.scripts,
        slides=[SlideShape(index=slide.index, slide_id=slide.slide_id, html=slide.html) for slide in deck.slides],
    )


def to_event(message: TurnMessage) -> EventShape:
    """What the stream tells of a message."""
    name = "tool_result" if message.role == "tool" else "tool_call" if message.tool_call else "assistant"
    return EventShape(event=name, data=message_shape(message).model_dump(mode="json"))
