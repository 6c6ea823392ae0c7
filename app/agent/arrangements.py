"""Wishes to remove, copy and move slides, as they are read out of a sentence. Pure."""

from __future__ import annotations

from app.agent.slide_words import NUMBER, find, read_number, read_numbers
from app.agent.wishes import Copy, FollowUp, Impossible, Rearrange, Refine, Remove
from app.questions.named import name_parts
from app.questions.tokenise import tokenise

REMOVE = r"(?:remove|delete|drop|take out|get rid of|cut|discard|hide)"
"""Matches a word for removing."""
_ALL_BUT = rf"{REMOVE} (?:all|every|everything)(?: slides?)? (?:but|except)(?: for)?"
_KEEP = rf"^\W*(?:keep|keep only|only keep|only|just|{_ALL_BUT}) (?:the )?slides? (.+)"
_FRONT, _BACK = {"front", "start", "beginning", "top", "first"}, {"end", "last", "bottom", "back"}
_BESIDE = {"before", "after", "behind"}
_WHERE = rf"({'|'.join(sorted(_FRONT | _BACK | _BESIDE))}|up|down|{NUMBER[1:-1]})"


def read_removal(sentence: str, slides: int) -> FollowUp | None:
    """Read which slides are to go, of so many; without slides, which regions, products or times."""
    if find(rf"^\W*{REMOVE} (?:all|every|everything|the deck)(?: of)?(?: the)?(?: slides?)?\W*$", sentence):
        return Impossible("I can't remove all slides: a deck has at least one.")
    wish = find(rf"^\W*{REMOVE} (?:the )?slides? (.+)", sentence)
    if wish and (numbers := read_numbers(wish.group(1))):
        return Remove(numbers)
    if wish and (about := find(r"^(?:about|on|for|showing|with|of|called) (.+)", wish.group(1))):
        return Remove(about=about.group(1).strip(" .?!"))
    if wish := find(_KEEP, sentence):
        kept = read_numbers(wish.group(1))
        return Remove(tuple(number for number in range(1, slides + 1) if number not in kept)) if kept else None
    if wish := find(rf"^\W*{REMOVE} (?:the )?(summary|cover|title page|.+(?= slides?\W*$))", sentence):
        return Remove(about=wish.group(1))
    if wish := find(rf"^\W*{REMOVE} (.+)", sentence):
        named = name_parts(tokenise(wish.group(1)))
        has_names = any(members.names for members in named.members.values()) or named.times
        if has_names or not named.splits:
            return Refine(f"except {wish.group(1)}") if has_names else None
        return Impossible("I can leave out slides by their numbers, and regions, products and times by their names.")
    return None


def read_arrangement(sentence: str, slides: int) -> FollowUp | None:
    """Read where slides are to go, in a deck of so many."""
    joint = r"(?:and|with|for)(?: slide)?"
    if wish := find(rf"\b(?:swap|exchange|switch)(?: the)?(?: slides?)? {NUMBER} {joint} {NUMBER}", sentence):
        return _swap(read_number(wish.group(1)), read_number(wish.group(2)), slides)
    if find(r"\breverse\b.*\b(?:order|slides|deck)\b", sentence):
        return Rearrange(tuple(range(slides, 0, -1)), "The slides are in reverse order now.")
    if wish := find(rf"\b(?:duplicate|copy|repeat) (?:the )?slide {NUMBER}", sentence):
        return Copy(read_number(wish.group(1)))
    where = rf"(?:to |at |as )?(?:the |position |place |number )*{_WHERE}(?: (?:of )?(?:the )?slide)?(?: {NUMBER})?"
    if wish := find(rf"\b(?:move|put|place|bring) (?:the )?slide {NUMBER} {where}", sentence):
        beside = read_number(wish.group(3)) if wish.group(3) else None
        return _move(read_number(wish.group(1)), wish.group(2).lower(), beside, slides)
    return None


def _swap(one: int, other: int, slides: int) -> FollowUp:
    order = list(range(1, slides + 1))
    for number in (one, other):
        if number not in order:
            return Impossible(f"There is no slide {number}.")
    order[one - 1], order[other - 1] = other, one
    return Rearrange(tuple(order), f"Slides {one} and {other} have changed places.")


def _move(number: int, where: str, beside: int | None, slides: int) -> FollowUp:
    for one in (number, beside or number):
        if not 1 <= one <= slides:
            return Impossible(f"There is no slide {one}.")
    if where in _BESIDE and beside in (None, number):
        return Impossible(f"I do not know where slide {number} is to go.")
    others = [one for one in range(1, slides + 1) if one != number]
    target = _target(number, where, others, beside or number)
    if not 1 <= target <= slides:
        return Impossible(f"There is no place {target} in a deck of {slides} slides.")
    order = (*others[: target - 1], number, *others[target - 1 :])
    return Rearrange(order, f"Slide {number} is slide {target} now.")


def _target(number: int, where: str, others: list[int], beside: int) -> int:
    """The place, counted from 1, that a slide is to have among the others."""
    if where in _BESIDE:
        return others.index(beside) + (1 if where == "before" else 2)
    if where in _FRONT | _BACK:
        return 1 if where in _FRONT else len(others) + 1
    return {"up": number - 1, "down": number + 1}[where] if where in {"up", "down"} else read_number(where)
