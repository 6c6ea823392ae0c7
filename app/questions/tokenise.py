"""A sentence becomes tokens: phrases that we know, numbers, years, and words that we do not know. Pure."""

from __future__ import annotations

import re
import unicodedata
from calendar import month_name, monthrange
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from app.questions.lexicon import CORRECTIONS, LEXICON, LONGEST, Meaning
from app.questions.months import ALL
from app.questions.tokens import Kind, Token

_WORD = re.compile(
    r"(?P<date>\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b)"
    r"|(?P<day>\b(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d\b)"
    r"|(?P<iso>\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])\b)"
    r"|(?P<quarter>\b(?:19|20)\d\d[ -]?[qh][1-4]\b)"
    r"|(?P<numeric>\b(?:0?[1-9]|1[0-2])[/.](?:19|20)\d\d\b)"
    r"|(?P<short>\b\d\d[ -]?[qh][1-4]\b|\b[1-4][qh][ -]?(?:20)?\d\d\b)"
    r"|(?P<apostrophe>(?<!\w)['’]\d\d\b)"
    r"|(?P<fiscal>\bfy[ -]?(?:(?:19|20)\d\d|2\d)\b)"
    r"|(?P<ordinal>\b\d+(?:st|nd|rd|th)\b)"
    r"|(?P<number>[€$]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[km]\b|\s?%)?)"
    r"|(?P<word>[^\W\d_][\w]*(?:['’][^\W\d_]+)*)"
    r"|(?P<sign>%|&|\+|[-–—/])",
    re.IGNORECASE,
)
_SLASH = re.compile(r"/(?=(?:units?|packs?|months?|quarters?|years?|regions?|products?)\b)", re.IGNORECASE)
_NAMES_OF_MONTHS = {name[:3].lower(): number for number, name in enumerate(month_name) if name}
_MONTH = rf"({'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in month_name if name)}|sept)\.?"
_DAY = r"(0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"((?:19|20)\d\d)\b"
# Behind such a word only: `top 3 March 2024` is no day.
_BEFORE_A_DAY = r"(?<!\w)(on|from|to|until|till|since|between|and|after|before|through|the)\s+"
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"{_BEFORE_A_DAY}{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}", re.IGNORECASE)
_IN_WORDS = re.compile(r"(\d)\s+per\s?cent\b(?! points)", re.IGNORECASE)
_BOTH_YEARS, _YEARS = re.compile(r"\bboth years\b", re.IGNORECASE), " and ".join(sorted({one[:4] for one in ALL}))
_ORDINAL = "first|second|third|fourth|1st|2nd|3rd|4th"
# `third` of `third and fourth quarter` is a quarter too.
_LISTED_ORDINAL = re.compile(
    rf"\b({_ORDINAL})(?=,? (?:and|or|to|vs|versus|with) (?:the )?(?:{_ORDINAL}) (quarter|half)s?\b)", re.IGNORECASE
)
_SIGNS = {
    "&": Kind.AND,
    "+": Kind.AND,
    "/": Kind.AND,
}
_DASHES = "-–—"
# What says both which end is meant, and of what.
_SUPERLATIVES = {
    "cheapest": ("lowest", "cheap"),
    "cheaper": ("lower", "cheap"),
    "priciest": ("highest", "pricey"),
    "dearest": ("highest", "pricey"),
    "bestseller": ("highest", "bestseller", "product"),
    "bestsellers": ("highest", "bestsellers", "products"),
}
_DIRECTIONS = {"up": Kind.RISE, "down": Kind.FALL}
_DIVIDING = {"break", "breaking", "broken", "drill", "split", "add", "adds", "sum"}
_BEFORE_A_UNIT = {Kind.BY, Kind.EACH, Kind.THIS, Kind.RECENT, Kind.EARLY, Kind.NEXT, Kind.NUMBER}
_BEFORE_A_WHOLE = {"of", "the", "our", "all", "its", "their"}
_TIMES = {Kind.YEAR, Kind.PART_OF_YEAR, Kind.THIS, Kind.RECENT, Kind.EARLY, Kind.NEXT}
# Shorter words are too near to others for a guess.
_SHORTEST_GUESS = 4
_KNOWN_WORDS = frozenset(word for phrase in LEXICON for word in phrase)


def tokenise(sentence: str) -> tuple[Token, ...]:
    """Cut a sentence into tokens."""
    plain = _BOTH_YEARS.sub(_YEARS, _IN_WORDS.sub(r"\1%", _with_dates(_plain_letters(sentence))))
    plain = _SLASH.sub(" per ", _LISTED_ORDINAL.sub(r"\1 \2", plain))
    words = [_corrected(token) for match in _WORD.finditer(plain) for token in _words(match)]
    tokens = _with_directions(_with_short_years(list(_phrases(words))))
    return tuple(
        replace(token, kind=Kind.UNKNOWN) if _is_fraction(tokens, place) else token
        for place, token in enumerate(tokens)
    )


def _with_dates(sentence: str) -> str:
    """`March 31, 2024` and `on 31st of March 2024` as `31.3.2024`."""
    month_first = _MONTH_FIRST.sub(lambda found: _as_date(found[2], found[1], found[3]), sentence)
    return _DAY_FIRST.sub(lambda found: f"{found[1]} {_as_date(found[2], found[3], found[4])}", month_first)


def _as_date(day: str, month: str, year: str) -> str:
    return f"{int(day)}.{_NAMES_OF_MONTHS[month[:3].lower()]}.{year}"


def _with_short_years(tokens: Sequence[Token]) -> list[Token]:
    """`Q1 24`, `Jan '24`: a year, where it is one of those that the data hold; not the day of `on January 24`."""
    years = {month[2:4]: month[:4] for month in ALL}
    return [
        Token(token.text, Kind.YEAR, years[token.text], read_as=years[token.text])
        if token.kind is Kind.NUMBER
        and token.text in years
        and place
        and tokens[place - 1].kind is Kind.PART_OF_YEAR
        and [one.text.lower() for one in tokens[max(0, place - 2) : place - 1]] != ["on"]
        else token
        for place, token in enumerate(tokens)
    ]


def _with_directions(tokens: Sequence[Token]) -> list[Token]:
    """`are sales up?`, `costs down in Q4`: how a measure moved; not `break revenue down by region`."""
    if any(token.text.lower() in _DIVIDING for token in tokens):
        return list(tokens)
    return [
        replace(token, kind=_DIRECTIONS[token.text.lower()])
        if token.text.lower() in _DIRECTIONS and place and tokens[place - 1].kind is Kind.MEASURE
        else token
        for place, token in enumerate(tokens)
    ]


def _plain_letters(sentence: str) -> str:
    """Full-width letters as plain ones; without what cannot be seen: soft hyphens, marks of order."""
    seen = (letter for letter in sentence if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", "".join(seen))


def _is_fraction(tokens: Sequence[Token], place: int) -> bool:
    """`half of North's revenue`, `half the profit`: a part of an amount; not `which half of 2024`, `by half`."""
    if (tokens[place].kind, tokens[place].text.lower()) != (Kind.DIMENSION, "half"):
        return False
    before = next((token for token in reversed(tokens[:place]) if token.kind is not Kind.FILLER), None)
    asks = place and tokens[place - 1].text.lower() in {"which", "what", "whole"}
    if asks or (before and before.kind in _BEFORE_A_UNIT):
        return False
    behind = tokens[place + 1 :]
    whole = next((token for token in behind if token.kind is not Kind.FILLER), None)
    is_of_time = whole is not None and (whole.kind in _TIMES or whole.value == "year")
    return bool(behind) and behind[0].text.lower() in _BEFORE_A_WHOLE and not is_of_time


def _words(match: re.Match[str]) -> Iterator[Token]:
    """One match as tokens, those of plain words not looked up yet."""
    text = match.group()
    if match.lastgroup == "date":
        yield from _date(text, *map(int, text.split("-")))
    elif match.lastgroup == "day":
        yield from _date(text, *map(int, reversed(text.split("."))))
    elif match.lastgroup == "iso":
        yield Token(text, Kind.PART_OF_YEAR, f"month {int(text[5:])}")
        yield Token(text, Kind.YEAR, text[:4])
    elif match.lastgroup == "quarter":
        yield Token(text, Kind.PART_OF_YEAR, f"{'quarter' if text[-2].lower() == 'q' else 'half'} {text[-1]}")
        yield Token(text, Kind.YEAR, text[:4])
    elif match.lastgroup == "numeric":
        yield Token(text, Kind.PART_OF_YEAR, f"month {int(text[:-5])}")
        yield Token(text, Kind.YEAR, text[-4:])
    elif match.lastgroup == "short":
        yield from _short_quarter(text.lower())
    elif match.lastgroup == "apostrophe":
        yield Token(text, Kind.YEAR, f"20{text[1:]}", read_as=f"20{text[1:]}")
    elif match.lastgroup == "fiscal":
        year = text[-4:] if text[-4:].isdigit() else f"20{text[-2:]}"
        yield Token(text, Kind.YEAR, year, read_as=year)
    elif match.lastgroup == "number":
        yield _number(text)
    elif match.lastgroup in ("word", "ordinal"):
        yield from _word(text)
    elif text == "%":
        yield Token(text, Kind.UNKNOWN, text)
    elif text in _SIGNS:
        yield Token(text, _SIGNS[text])
    elif text in _DASHES:
        yield from _dash(match)


def _date(text: str, year: int, month: int, day: int) -> Iterator[Token]:
    """The month that a day is in; said so, where the day is neither its first nor its last."""
    is_end = day in (1, monthrange(year, month)[1])
    yield Token(text, Kind.PART_OF_YEAR, f"month {month}", read_as="" if is_end else f"{month_name[month]} {year}")
    yield Token(text, Kind.YEAR, str(year))


def _short_quarter(text: str) -> Iterator[Token]:
    """`24Q1`, `1Q24`, `2H 2023`."""
    at = max(text.find("q"), text.find("h"))
    number, year = (text[at + 1], text[:2]) if at > 1 else (text[0], text[-2:])
    yield Token(text, Kind.PART_OF_YEAR, f"{'quarter' if text[at] == 'q' else 'half'} {number}")
    yield Token(text, Kind.YEAR, f"20{year}")


def _dash(match: re.Match[str]) -> Iterator[Token]:
    """Between two times a dash means `to`; within a word it means nothing."""
    before = re.search(r"(\w+)\s*$", match.string[: match.start()])
    after = re.match(r"\s*(\w+)", match.string[match.end() :])
    if all(word and _is_time(word.group(1).lower()) for word in (before, after)):
        yield Token(match.group(), Kind.TO)


def _is_time(word: str) -> bool:
    meaning = LEXICON.get((word,))
    return word.isdigit() or (meaning is not None and meaning.kind is Kind.PART_OF_YEAR)


def _word(text: str) -> Iterator[Token]:
    """A word without its apostrophe: `North's` is possessive, `didn't` a negation."""
    plain = text.lower().replace("’", "'")
    stem, _, ending = plain.partition("'")
    if ending == "s":
        yield Token(text, Kind.UNKNOWN, stem, possessive=True)
    elif plain.endswith("n't"):
        yield Token(text, Kind.UNKNOWN, "not")
    else:
        words = _SUPERLATIVES.get(plain, (plain if not ending else stem,))
        yield from (Token(text, Kind.UNKNOWN, word) for word in words)


def _number(text: str) -> Token:
    plain = text.lower().lstrip("€$").replace(",", "")
    if re.fullmatch(r"(?:19|20)\d\d", plain) and text[0].isdigit() and "," not in text:
        return Token(text, Kind.YEAR, plain)
    factor = {"k": 1e3, "m": 1e6}.get(plain[-1], 1.0)
    return Token(text, Kind.NUMBER, f"{float(plain.rstrip('km% ')) * factor:.12g}"[:30])


def _phrases(words: Sequence[Token]) -> Iterator[Token]:
    place = 0
    while place < len(words):
        token, length = _phrase(words, place)
        yield token
        place += length


def _phrase(words: Sequence[Token], place: int) -> tuple[Token, int]:
    """The longest phrase that begins here, and how many words it has."""
    for length in range(min(LONGEST, len(words) - place), 0, -1):
        span = words[place : place + length]
        meaning = LEXICON.get(tuple(word.value or word.text.lower() for word in span))
        if meaning and (length > 1 or span[0].kind is Kind.UNKNOWN):
            return _known(span, meaning), length
    return words[place], 1


def _known(span: Sequence[Token], meaning: Meaning) -> Token:
    text = " ".join(word.text for word in span)
    is_typo = any(word.read_as for word in span)
    read_as = " ".join(word.value or word.text for word in span) if is_typo else ""
    return Token(text, meaning.kind, meaning.value, span[-1].possessive, meaning.is_loose, read_as)


def _corrected(word: Token) -> Token:
    """A word with one or two wrong letters is the one that it is nearest to, if it begins alike."""
    if word.kind is not Kind.UNKNOWN or len(word.value) < _SHORTEST_GUESS or word.value in _KNOWN_WORDS:
        return word
    meant = _meant(word.value)
    return replace(word, value=meant, read_as=meant) if meant else word


@lru_cache(maxsize=1000)
def _meant(word: str) -> str:
    """The word that another is likely to have been meant as; empty where there is none."""
    near = [(distance(word, name), name) for name in CORRECTIONS if name[0] == word[0] and len(name) > 4]
    wrong, name = min(near, default=(99, ""))
    return name if wrong <= (1 if len(word) < 7 else 2) else ""


def distance(one: str, other: str) -> int:
    """How many letters must be put in, left out, changed or swapped with the next."""
    rows = [list(range(len(other) + 1))]
    for row, letter in enumerate(one, start=1):
        rows.append([row])
        for column, its in enumerate(other, start=1):
            cost = min(rows[-1][-1] + 1, rows[-2][column] + 1, rows[-2][column - 1] + (letter != its))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == its:
                cost = min(cost, rows[-3][column - 2] + 1)
            rows[-1].append(cost)
    return rows[-1][-1]
