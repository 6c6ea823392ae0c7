"""`/api/slides`: the deck of a session, slide by slide."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from app.api.dependencies import ExpectedVersionQuery, ServicesDep
from app.api.openapi import failures, page
from app.api.users import OwnerDep
from app.decks import edit
from app.decks.deck import Deck, parse
from app.decks.edit import NoSuchSlideError
from app.decks.frame import FrameDocument, editable, frame, printable
from app.services import Services
from app.shapes import DeckShape, OrderRequest, SessionId, SlideRequest
from app.turns.answers import deck_shape

router = APIRouter(prefix="/api/slides", tags=["slides"])
SessionQuery = Annotated[SessionId, Query()]


@router.get("", responses=failures(404))
def slides(session_id: SessionQuery, owner: OwnerDep, services: ServicesDep) -> DeckShape:
    """The deck."""
    kept = services.store.decks.get(session_id, owner)
    return deck_shape(parse(kept.html), kept.version)


@router.put("/reorder", responses=failures(400, 404, 409))
def reorder(
    wanted: OrderRequest,
    session_id: SessionQuery,
    owner: OwnerDep,
    services: ServicesDep,
    expected_version: ExpectedVersionQuery = None,
) -> DeckShape:
    """Put the slides into another order."""
    expected = _either(wanted.expected_version, expected_version)
    return _changed(services, session_id, owner, expected, lambda html: edit.reorder(html, wanted.new_order))


@router.get(
    "/export",
    response_class=Response,
    responses={**page("The whole document."), **failures(404)},
)
def export(
    session_id: SessionQuery, owner: OwnerDep, services: ServicesDep, format: Literal["html"] = "html"
) -> Response:
    """The whole deck as a file."""
    deck = _deck(services, session_id, owner)
    headers = {
        "Content-Disposition": f'attachment; filename="{_file_name(deck.title)}.{format}"',
        # Opened from here it would be a page of ours, and a model wrote it.
        "Content-Security-Policy": "sandbox allow-scripts",
    }
    return HTMLResponse(deck.html, headers=headers)


@router.get(
    "/print",
    response_class=Response,
    responses={**page("All slides, a page each."), **failures(404)},
)
def print_deck(session_id: SessionQuery, owner: OwnerDep, services: ServicesDep) -> Response:
    """The deck as a document that opens the browser's print dialog."""
    return _shown(printable(_deck(services, session_id, owner)))


@router.get("/{place}/frame", include_in_schema=False)
def slide_frame(
    place: int, session_id: SessionQuery, owner: OwnerDep, services: ServicesDep, edit: bool = False
) -> Response:
    """One slide as a document for a frame of the page; to be changed where it stands if that is asked for."""
    deck = _deck(services, session_id, owner)
    if not 0 <= place < len(deck.slides):
        raise NoSuchSlideError(f"There is no slide {place}: the deck has {len(deck.slides)}, counted from 0.")
    return _shown(editable(deck, place) if edit else frame(deck, place))


@router.patch("/{place}", responses=failures(400, 404, 409))
def replace(
    place: int,
    wanted: SlideRequest,
    session_id: SessionQuery,
    owner: OwnerDep,
    services: ServicesDep,
    expected_version: ExpectedVersionQuery = None,
) -> DeckShape:
    """Give a slide other HTML."""
    expected = _either(wanted.expected_version, expected_version)
    return _changed(services, session_id, owner, expected, lambda html: edit.replace(html, place, wanted.html))


@router.post("/{place}/duplicate", responses=failures(404, 409))
def duplicate(
    place: int,
    session_id: SessionQuery,
    owner: OwnerDep,
    services: ServicesDep,
    expected_version: ExpectedVersionQuery = None,
) -> DeckShape:
    """Put a copy behind a slide."""
    return _changed(services, session_id, owner, expected_version, lambda html: edit.duplicate(html, place))


@router.delete("/{place}", responses=failures(404, 409))
def delete(
    place: int,
    session_id: SessionQuery,
    owner: OwnerDep,
    services: ServicesDep,
    expected_version: ExpectedVersionQuery = None,
) -> DeckShape:
    """Take a slide out."""
    return _changed(services, session_id, owner, expected_version, lambda html: edit.delete(html, place))


def _shown(document: FrameDocument) -> Response:
    headers = {"Content-Security-Policy": document.policy, "Cache-Control": "no-store"}
    return HTMLResponse(document.html, headers=headers)


def _deck(services: Services, session_id: str, owner: str) -> Deck:
    return parse(services.store.decks.get(session_id, owner).html)


def _changed(
    services: Services, session_id: str, owner: str, expected: int | None, change: Callable[[str], str]
) -> DeckShape:
    kept = services.store.decks.change(session_id, owner, change, expected)
    return deck_shape(parse(kept.html), kept.version)


def _either(in_body: int | None, in_query: int | None) -> int | None:
    """The version that the caller expects may stand in the body or in the query."""
    return in_body if in_body is not None else in_query


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "deck"
