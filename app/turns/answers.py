"""What a turn brought, in the shapes that go out."""

from __future__ import annotations

from app.agent.turn import Said
from app.decks.deck import Deck
from app.shapes import DeckShape, EventShape, MessageShape, SlideShape, ToolCallShape


def message_shape(said: Said) -> MessageShape:
    """One message."""
    call = said.tool_call
    return MessageShape(
        role=said.role,
        content=said.content,
        timestamp=said.timestamp,
        tool_call=ToolCallShape(name=call["name"], arguments=call["args"]) if call else None,
        tool_call_id=said.tool_call_id,
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


def event_of(said: Said) -> EventShape:
    """What the stream tells of a message."""
    name = "tool_result" if said.role == "tool" else "tool_call" if said.tool_call else "assistant"
    return EventShape(event=name, data=message_shape(said).model_dump(mode="json"))
