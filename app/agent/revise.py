"""What the rule-based model makes of a wish about the deck that is there. Pure."""

from __future__ import annotations

from app.agent.data_changes import Found, change_with_data
from app.agent.existing import Existing
from app.agent.replies import Answer, AskData, unable
from app.agent.slide_changes import copy, rearrange, redraw, remove, rename, shorten
from app.agent.wishes import (
    Copy,
    Fewer,
    FollowUp,
    Impossible,
    More,
    Nothing,
    Rearrange,
    Redraw,
    Refine,
    Remove,
    Rename,
    SlideAbout,
)


def revise(wish: FollowUp, deck: Existing, max_slides: int, found: Found) -> AskData | Answer:
    """Change the deck; `found` is what the data answered so far, nothing as long as they were not asked."""
    match wish:
        case SlideAbout() | More() | Refine():
            return change_with_data(wish, deck, max_slides, found)
        case Rename():
            return rename(wish, deck)
        case Redraw():
            return redraw(wish, deck)
        case Fewer():
            return shorten(wish, deck)
        case Remove():
            return remove(wish, deck)
        case Rearrange():
            return rearrange(wish, deck)
        case Copy():
            return copy(wish, deck, max_slides)
        case Impossible():
            return unable(wish.reason)
        case Nothing():
            return Answer("All right: the deck is unchanged.")
    raise AssertionError(f"a new question is none about the deck: {wish}")
