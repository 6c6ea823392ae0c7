"""`/api/slides`: the deck of a session, slide by slide."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from app.api.dependencies import ExpectedVersionQuery, ServicesDep
from app.api.openapi import failures, page
from app.api.users import OwnerDep
from app.decks import edit
from app.decks.deck import Deck, parse
from app.decks.edit import NoSuchSlideError
from app.decks.frame import FrameDocument, editable, frame, printable
from app.shapes import DeckShape, OrderRequest, SessionId, SlideRequest
from app.store.decks import Decks, StoredDeck
from app.turns.answers import deck_shape

router = APIRouter(prefix="/api/slides", tags=["slides"])


@dataclass(frozen=True)
class SessionDeck:
    """The deck of a session, as its owner reads and changes it."""

    decks: Decks
    session_id: str
    owner: str

    def read(self) -> StoredDeck:
        """The document and its version."""
        return self.decks.get(self.session_id, self.owner)

    def parsed(self) -> Deck:
        """Its slides."""
        return parse(self.read().html)

    def change(self, change: Callable[[str], str], expected: int | None) -> DeckShape:
        """Put what `change` makes of the document in its place."""
        return _shape(self.decks.change(self.session_id, self.owner, change, expected))


async def find_deck(session_id: Annotated[SessionId, Query()], owner: OwnerDep, services: ServicesDep) -> SessionDeck:
    """The deck that the query names; nothing is read yet."""
    return SessionDeck(services.store.decks, session_id, owner)


DeckDep = Annotated[SessionDeck, Depends(find_deck)]


@router.get("", responses=failures(404))
def slides(deck: DeckDep) -> DeckShape:
    """The deck."""
    return _shape(deck.read())


@router.put("/reorder", responses=failures(400, 404, 409))
def reorder(wanted: OrderRequest, deck: DeckDep, expected_version: ExpectedVersionQuery = None) -> DeckShape:
    """Put the slides into another order."""
    expected = _either(wanted.expected_version, expected_version)
    return deck.change(lambda html: edit.reorder(html, wanted.new_order), expected)


@router.get(
    "/export",
    response_class=Response,
    responses={**page("The whole document."), **failures(404)},
)
def export(deck: DeckDep, format: Literal["html"] = "html") -> Response:
    """The whole deck as a file."""
    parsed = deck.parsed()
    headers = {
        "Content-Disposition": f'attachment; filename="{_file_name(parsed.title)}.{format}"',
        # Opened from here it would be a page of ours, and a model wrote it.
        "Content-Security-Policy": "sandbox allow-scripts",
    }
    return HTMLResponse(parsed.html, headers=headers)


@router.get(
    "/print",
    response_class=Response,
    responses={**page("All slides, a page each."), **failures(404)},
)
def print_deck(deck: DeckDep) -> Response:
    """The deck as a document that opens the browser's print dialog."""
    return _html_response(printable(deck.parsed()))


@router.get("/{place}/frame", include_in_schema=False)
def slide_frame(place: int, deck: DeckDep, edit: bool = False) -> Response:
    """One slide as a document for a frame of the page; to be changed where it stands if that is asked for."""
    parsed = deck.parsed()
    if not 0 <= place < len(parsed.slides):
        raise NoSuchSlideError(f"There is no slide {place}: the deck has {len(parsed.slides)}, counted from 0.")
    return _html_response(editable(parsed, place) if edit else frame(parsed, place))


@router.patch("/{place}", responses=failures(400, 404, 409))
def replace(
    place: int, wanted: SlideRequest, deck: DeckDep, expected_version: ExpectedVersionQuery = None
) -> DeckShape:
    """Give a slide other HTML."""
    expected = _either(wanted.expected_version, expected_version)
    return deck.change(lambda html: edit.replace(html, place, wanted.html), expected)


@router.post("/{place}/duplicate", responses=failures(404, 409))
def duplicate(place: int, deck: DeckDep, expected_version: ExpectedVersionQuery = None) -> DeckShape:
    """Put a copy behind a slide."""
    return deck.change(lambda html: edit.duplicate(html, place), expected_version)


@router.delete("/{place}", responses=failures(404, 409))
def delete(place: int, deck: DeckDep, expected_version: ExpectedVersionQuery = None) -> DeckShape:
    """Take a slide out."""
    return deck.change(lambda html: edit.delete(html, place), expected_version)


def _html_response(document: FrameDocument) -> Response:
    headers = {"Content-Security-Policy": document.policy, "Cache-Control": "no-store"}
    return HTMLResponse(document.html, headers=headers)


def _shape(kept: StoredDeck) -> DeckShape:
    return deck_shape(parse(kept.html), kept.version)


def _either(in_body: int | None, in_query: int | None) -> int | None:
    """The version that the caller expects may stand in the body or in the query."""
    return in_body if in_body is not None else in_query


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "deck"
