"""How people name slides: by numbers, in digits or words. Pure."""

from __future__ import annotations

import re
from functools import partial

_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
NUMBER = rf"(\d+|{'|'.join(_NUMBERS)})"
"""Matches a number."""


def find(pattern: str, sentence: str) -> re.Match[str] | None:
    """Look for a pattern, whatever the case."""
    return re.search(pattern, sentence, re.IGNORECASE)


def read_number(word: str) -> int:
    """A number as a word or in digits; one with too many digits is as large as any."""
    return _NUMBERS.index(word.lower()) + 1 if word.lower() in _NUMBERS else int(word[:6])


def read_numbers(text: str) -> tuple[int, ...]:
    """`2, 3 and 5`, or `2 to 4`; nothing if there is anything else in it."""
    words = re.findall(r"\w+", text.lower())
    numbers = [read_number(word) for word in words if re.fullmatch(NUMBER, word)]
    others = [word for word in words if not re.fullmatch(NUMBER, word)]
    if not set(others) <= {"and", "to", "slide", "slides"}:
        return ()
    if len(numbers) == 2 and ("to" in others or "-" in text):
        return tuple(range(numbers[0], min(numbers[1], numbers[0] + 100) + 1))
    return tuple(dict.fromkeys(numbers))


def _end_of(slides: int, wanted: re.Match[str]) -> str:
    """`the first two slides` are slides 1 and 2."""
    count = min(read_number(wanted[2]), slides)
    start = 0 if wanted[1].lower() == "first" else slides - count
    return f"slides {' and '.join(str(start + number) for number in range(1, count + 1))}"


def with_numbers(sentence: str, slides: int) -> str:
    """The sentence with numbers in place of other words for slides: `the last slide` is slide 5 of five."""
    sentence = re.sub(
        rf"\b(first|last|final) {NUMBER} slides\b", partial(_end_of, slides), sentence, flags=re.IGNORECASE
    )
    for number, word in enumerate(_ORDINALS, start=1):
        sentence = re.sub(rf"\b{word} slide\b", f"slide {number}", sentence, flags=re.IGNORECASE)
    return re.sub(r"\b(?:last|final) slide\b", f"slide {slides}", sentence, flags=re.IGNORECASE)
