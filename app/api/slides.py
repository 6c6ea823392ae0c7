"""`/api/slides`: the deck of a session, slide by slide."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from app.api.openapi import content, failures
from app.api.users import Owner
from app.api.using import Using
from app.decks import edit
from app.decks.deck import Deck, parse
from app.decks.edit import NoSuchSlideError
from app.decks.frame import POLICY, frame
from app.services import Services
from app.shapes import DeckShape, OrderRequest, SessionId, SlideRequest
from app.store.sessions import NoDeckError
from app.turns.answers import deck_shape

router = APIRouter(prefix="/api/slides", tags=["slides"])
Of = Annotated[SessionId, Query(alias="session_id")]


@router.get("", responses=failures(404))
def slides(of: Of, owner: Owner, using: Using) -> DeckShape:
    """The deck."""
    return deck_shape(_deck(using, of, owner))


@router.put("/reorder", responses=failures(400, 404, 409))
def reorder(wanted: OrderRequest, of: Of, owner: Owner, using: Using) -> DeckShape:
    """Put the slides into another order."""
    return _changed(using, of, owner, lambda html: edit.reorder(html, wanted.new_order))


@router.get(
    "/export",
    response_class=Response,
    responses={**content("text/html", "The whole document.", "<!DOCTYPE html><html>…</html>"), **failures(404)},
)
def export(of: Of, owner: Owner, using: Using, format: Literal["html"] = "html") -> Response:
    """The whole deck as a file."""
    deck = _deck(using, of, owner)
    headers = {
        "Content-Disposition": f'attachment; filename="{_file_name(deck.title)}.{format}"',
        # Opened from here it would be a page of ours, and a model wrote it.
        "Content-Security-Policy": "sandbox allow-scripts",
    }
    return HTMLResponse(deck.html, headers=headers)


@router.get("/{place}/frame", include_in_schema=False)
def slide_frame(place: int, of: Of, owner: Owner, using: Using) -> Response:
    """One slide as a document for a frame of the page."""
    deck = _deck(using, of, owner)
    if not 0 <= place < len(deck.slides):
        raise NoSuchSlideError(f"There is no slide {place}: the deck has {len(deck.slides)}, counted from 0.")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(frame(deck, place), headers=headers)


@router.patch("/{place}", responses=failures(400, 404, 409))
def replace(place: int, wanted: SlideRequest, of: Of, owner: Owner, using: Using) -> DeckShape:
    """Give a slide other HTML."""
    return _changed(using, of, owner, lambda html: edit.replace(html, place, wanted.html))


@router.post("/{place}/duplicate", responses=failures(404, 409))
def duplicate(place: int, of: Of, owner: Owner, using: Using) -> DeckShape:
    """Put a copy behind a slide."""
    return _changed(using, of, owner, lambda html: edit.duplicate(html, place))


@router.delete("/{place}", responses=failures(404, 409))
def delete(place: int, of: Of, owner: Owner, using: Using) -> DeckShape:
    """Take a slide out."""
    return _changed(using, of, owner, lambda html: edit.delete(html, place))


def _deck(using: Services, session_id: str, owner: str) -> Deck:
    html = using.store.sessions.deck(session_id, owner)
    if not html:
        raise NoDeckError("This session has no deck yet. Ask for one first.")
    return parse(html)


def _changed(using: Services, session_id: str, owner: str, change: Callable[[str], str]) -> DeckShape:
    return deck_shape(parse(using.store.sessions.change_deck(session_id, owner, change)))


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "deck"
