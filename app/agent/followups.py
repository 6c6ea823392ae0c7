"""How a sentence about a deck that is there is read. Pure.

The cases, in this order: a wish that is taken back; another title; two commands in one, which are refused; a command
about slides by their numbers or words; a chart; the length; a few words that change what was asked; and what is none of
these is a new question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.agent.arrangements import REMOVE, read_arrangement, read_removal
from app.agent.charts import kind_named
from app.agent.existing import Existing
from app.agent.slide_words import NUMBER, find, read_number, with_numbers
from app.agent.wishes import (
    Fewer,
    FollowUp,
    Impossible,
    More,
    NewQuestion,
    Nothing,
    Redraw,
    Refine,
    Rename,
    SlideAbout,
)
from app.questions.named import Named, name_parts
from app.questions.query import PARTS, Query
from app.questions.tokenise import tokenise
from app.questions.tokens import Kind

_POLITE = re.compile(
    r"^\s*(?:(?:please|pls|ok|okay|thanks|great|now|can you|could you|would you|and|then|i want to)[,\s]+)+", re.I
)
_CUE = re.compile(
    r"^\s*(?:and|but|also|now|what about|how about|only|just|(?:the )?same|include|exclude|filter|limit|restrict|narrow"
    r"|compare (?:it|that|this|them|with|to)|switch to|change (?:it|that|this) to|show (?:it|that|this|them|these)"
    r"|(?:how|what|why|where|when) (?:did|does|do|has|have|is|was|were) (?:it|that|this|they|these))\b"
    r"|\b(?:instead|as well|too)\b\W*$",
    re.IGNORECASE,
)
_COMMAND = (
    rf"(?:add|make|create|use|change|turn|rename|call|move|swap|switch|copy|duplicate|insert|draw|{REMOVE}|"
    r"(?:one|another|a slide) (?:about|on|for|with))"
)
_ADDING = re.compile(
    r"^\s*(?:and\s+)?(?:also|add|include|(?:put|bring) (?:.+ )?back)\b|^\s*and (?:split|break)\b"
    r"|^\s*(?:and )?with .+ (?:again|back)\W*$|\b(?:too|as well)\b\W*$",
    re.IGNORECASE,
)
_OTHER_WORK = re.compile(
    rf"\b(?:merge|combine|join|swap|switch|exchange|move|put|copy|duplicate|rename|call|{REMOVE})\b|\bslides about\b",
    re.I,
)
"""What is wanted with some slides that is not their number."""
_SWAP = r"^\W*(?:replace|swap|switch|change|exchange) (.+?) (?:with|to|for|by) (.+)"
_FOCUS = (Kind.RISE, Kind.FALL, Kind.SHARE, Kind.AVERAGE, Kind.RUNNING, Kind.OUTLIER, Kind.TREND)
_TURN = "swap|switch|exchange|flip|turn|invert|transpose|pivot"
_THANKS = "thanks?|thank you|great|nice|good|perfect"
_ABOUT = {"for", "as", "of", "in", "on", "the", "now", "please"}
_ENDS = (Kind.HIGH, Kind.LOW, Kind.BEST, Kind.WORST)


def read_follow_up(sentence: str, deck: Existing) -> FollowUp:
    """Read a wish about a deck."""
    slides = len(deck.slides)
    plain = with_numbers(_POLITE.sub("", sentence), slides)
    if find(r"^\W*(?:start (?:over|again|afresh)|new (?:question|deck))\b", sentence):
        return NewQuestion()
    readers: Sequence[Callable[[], FollowUp | None]] = (
        lambda: _taken_back(plain),
        lambda: _rename(plain),
        lambda: _two_at_once(plain),
        lambda: _one_for_each(plain),
        lambda: read_removal(plain, slides),
        lambda: read_arrangement(plain, slides),
        lambda: _turned_table(plain, deck),
        lambda: _about(plain),
        lambda: _redraw(plain),
        lambda: _length(plain, slides),
        lambda: _refinement(plain, sentence, deck),
    )
    return next((wish for reader in readers if (wish := reader()) is not None), NewQuestion())


def _taken_back(sentence: str) -> FollowUp | None:
    verbs = rf"add|make|create|change|rename|show|move|swap|include|{REMOVE}"
    if find(rf"\b(?:don['’]?t|do not|never|no need to)\s+(?:\w+ )?(?:{verbs})\b", sentence):
        return Nothing()
    if find(rf"^\W*(?:never ?mind|forget it|stop|leave it|no|yes|yeah|ok|okay|sure|fine|cool|{_THANKS})\W*$", sentence):
        return Nothing()
    is_undo = find(r"^\W*(?:undo|revert|go back)\b(?! to\b)", sentence)
    return Impossible("I can't undo: I see only the deck as it is now.") if is_undo else None


def _two_at_once(sentence: str) -> Impossible | None:
    """Changes are made one by one: of two in a sentence one would be lost."""
    if not (wish := find(rf"^(.+?),? (?:and|then|and then|but) (?:also )?({_COMMAND}\b.+)", sentence)):
        return None
    if not find(rf"^\W*{_COMMAND}\b", wish.group(1)):
        return None
    return Impossible(
        f"I make one change at a time: say “{wish.group(1).strip()}” first, then “{wish.group(2).strip()}”."
    )


def _one_for_each(sentence: str) -> Impossible | None:
    """`a slide for each region`: neither one slide more, nor one in all."""
    if not find(
        r"\bslides? (?:per|for each|for every|each)\b|\b(?:each|every) \w+ (?:on )?(?:its|a) own slide", sentence
    ):
        return None
    return Impossible("I can't make a slide for each of several: ask for a slide about one of them.")


def _rename(sentence: str) -> Rename | None:
    verb = r"\b(?:rename|call|title|retitle|name|change the (?:title|heading|name) of) (?:the )?"
    wish = find(rf"{verb}slide {NUMBER} (?:to |as |into )?(.+)", sentence)
    deck = None if wish else find(rf"{verb}(?:deck|presentation) (?:to |as |into )?(.+)", sentence)
    deck = deck or (None if wish else find(r"\bchange the title to (.+)", sentence))
    title = (wish.group(2) if wish else deck.group(1) if deck else "").strip(" \"'“”.\n")
    return Rename(read_number(wish.group(1)) if wish else None, title) if title else None


def _turned_table(sentence: str, deck: Existing) -> FollowUp | None:
    """`swap rows and columns`: what stands along the chart, and what beside it."""
    if not find(rf"^\W*(?:{_TURN})\b.*\b(?:rows?|columns?|axes|axis|dimensions)\b|^\W*(?:transpose|pivot)\b", sentence):
        return None
    asked = {number: slide.finding.asked for number, slide in enumerate(deck.slides, 1) if slide.finding}
    named = find(rf"\bslide {NUMBER}\b", sentence)
    numbers = [read_number(named.group(1))] if named else [*asked]
    turned = next((number for number in numbers if number in asked and _has_two_parts(asked[number])), None)
    if turned is None:
        return Impossible("I can't swap rows and columns: that takes a slide about regions and products.")
    one, other = asked[turned].split
    return Refine(f"by {other} and {one}", number=turned)


def _has_two_parts(query: Query) -> bool:
    return len(query.split) == len(PARTS) and {*query.split} == {*PARTS}


def _about(sentence: str) -> SlideAbout | None:
    about = r"slides? (?:about|on|for|showing|with|of|comparing|that compares?|that shows?) (.+)"
    wish = find(rf"\b(?:add|a|an|another|make|create|one|new|insert)\b(?: \w+){{0,2}}? {about}", sentence)
    wish = wish or find(r"^\W*(?:add|make|create|insert) (?:one|another)(?: one)? (?:about|on|for) (.+)", sentence)
    if wish or (wish := find(r"^\W*slides? (?:about|on|for|showing|with) (.+)", sentence)):
        return SlideAbout(wish.group(1))
    named = name_parts(tokenise(sentence))
    wish = find(r"^\W*(?:also |and )*(?:add|include|also show|also give|also)\b (.+)", sentence)
    return SlideAbout(wish.group(1)) if wish and named.measures and not find(r"\bslides?\b", sentence) else None


def _redraw(sentence: str) -> FollowUp | None:
    """A chart alone; with a measure or a dimension it belongs to a question."""
    named = name_parts(tokenise(re.sub(rf"\bslide {NUMBER}", "slide", sentence, flags=re.IGNORECASE)))
    if named.measures or named.splits or named.unknown_measure:
        return None
    where = find(rf"\bslide {NUMBER}\b", sentence)
    number = read_number(where.group(1)) if where else None
    if kind := kind_named(named.chart):
        return Redraw(kind, number)
    if find(r"\b(?:another|other|different) (?:kind of |type of )?(?:chart|graph)", sentence):
        return Redraw(None, number)
    chart = find(r"\b(pie|donut|doughnut|scatter|radar|bubble|stacked|heat ?map|table|waterfall)\b", sentence)
    return Impossible(f"I can't draw a {chart.group(1).lower()}: I draw bar, line and area charts.") if chart else None


def _length(sentence: str, slides: int) -> FollowUp | None:
    if find(rf"\bslides? {NUMBER}\b", sentence) or _OTHER_WORK.search(sentence):
        return None
    if wish := find(rf"\b{NUMBER} (?:more|additional|further) slides?|\badd {NUMBER} slides?", sentence):
        return More(read_number(wish.group(1) or wish.group(2)))
    if find(
        r"\b(?:more|additional|further) slides?|\badd (?:a|another) slide\W*$|\b(?:make it |a bit )?longer\b", sentence
    ):
        return More()
    if wish := find(rf"\b{NUMBER} slides?\b", sentence):
        wanted = read_number(wish.group(1))
        return More(wanted - slides, wanted) if wanted > slides else Fewer(wanted)
    return (
        Fewer(None)
        if find(r"\b(?:fewer|less) slides?|\b(?:make (?:it|the deck) |a bit )?shorter\W*$", sentence)
        else None
    )


def _refinement(sentence: str, whole: str, deck: Existing) -> FollowUp | None:
    """A few words that change what was asked; a question with a measure of its own is another, unless it says `and`."""
    slide = find(rf"\bslide {NUMBER}\b", sentence)
    words = _turned(sentence, deck) or _wanted(
        re.sub(rf"\b(?:change|make|turn|on|in)?\s*(?:the )?slide {NUMBER}\b", " ", sentence, flags=re.I)
    )
    named = name_parts(tokenise(words))
    if slide and not named.weight:
        return Impossible("I can't do that to a slide.")
    is_cued = bool(_CUE.search(whole)) or words != sentence
    asks = find(r"^\W*(?:which|what|how|why|where|when|who|show|compare|list|rank|is|are|did|does|do|was)\b", sentence)
    # `which grew the fastest?` is about what the deck is split by.
    has_shape = bool(asks) and (bool(named.splits) or (named.has(*_FOCUS, *_ENDS) and not _is_about(named, deck)))
    is_whole = (bool(named.measures) and not _is_measure_alone(named)) or bool(named.unknown_measure) or has_shape
    if not named.weight or (is_whole and not is_cued):
        return None
    if deck.about is None:
        return None if is_whole else Impossible("I can't: no slide of this deck shows data that I asked for.")
    number = read_number(slide.group(1)) if slide else None
    return Refine(words, bool(_ADDING.search(whole)), number, _given_up(sentence), bool(find(r"^\W*and\b", whole)))


def _is_measure_alone(named: Named) -> bool:
    """`profit?`, `by profit`, `per unit`: of what the deck is about."""
    kinds = {Kind.MEASURE, Kind.BY}
    return named.is_per_unit or all(token.kind in kinds or token.text.lower() in _ABOUT for token in named.tokens)


def _is_about(named: Named, deck: Existing) -> bool:
    """Whether a question names no part of the data itself."""
    names = any(members.names for members in named.members.values()) or named.times
    return bool(deck.about and deck.about.asked.split and not names and not named.left_out)


def _turned(sentence: str, deck: Existing) -> str:
    """`the other way round`: the other end of what is ranked."""
    ranking = deck.about.asked.ranking if deck.about else None
    is_wanted = find(r"\b(?:other|opposite) way (?:a)?round\b|^\W*(?:the )?(?:reverse|opposite)\W*$", sentence)
    return replace(ranking, lowest=not ranking.lowest).in_words() if ranking and is_wanted else ""


def _given_up(sentence: str) -> str:
    """The region or product that goes for another: `Tea` of `swap Tea for Filter`, of `Filter instead of Tea`."""
    swapped = find(_SWAP, sentence) or find(r"\b(?:instead of|rather than) (.+)", sentence)
    tokens = tokenise(swapped.group(1)) if swapped else ()
    return next((token.value for token in tokens if token.kind is Kind.MEMBER), "")


def _wanted(sentence: str) -> str:
    """What is to be there: `profit` of `replace revenue with profit`, `profit instead of revenue`, `add profit`."""
    if swapped := find(_SWAP, sentence):
        return swapped.group(2)
    if returned := find(r"^\W*(?:put|bring|take) (?:back )?(.+?)(?: back)?(?: in| again)?\W*$", sentence):
        return returned.group(1)
    if returned := find(r"^\W*with (.+?) (?:again|back|as well|too)\W*$", sentence):
        return returned.group(1)
    if kept := find(r"^(.+?),? (?:instead of|rather than) ", sentence):
        return kept.group(1)
    # The verb, not the coffee.
    plain = re.sub(r"^\W*(?:filter|limit|restrict|narrow)(?: \w+)?? (?:by|to|for|on)\b", "", sentence, flags=re.I)
    return re.sub(r"^\W*(?:add|include)\b", "", plain, flags=re.IGNORECASE)
