"""Numbers of payment cards, known by their issuer's first digits, their length and their check digit (ISO/IEC 7812)."""

from __future__ import annotations

import re
from collections.abc import Iterator

Range = tuple[int, int]

# A fraction's digits, of which floating-point numbers have many, are no card's.
_MASK = bytes(
    ord("0") if chr(byte).isdigit() else ord(".") if byte == ord(".") else ord(" ") for byte in range(128)
).ljust(256)
_SEPARATORS = b" -"
_LONG_NUMBER = b" " + b"0" * 15
_CARD = re.compile(
    r"(?<![\w./-])(?<!\d )(?:"
    r"(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|5\d\d))([ -]?)\d{4}\1\d{4}\1\d{4}"
    r"|3[47]\d\d([ -]?)\d{6}\2\d{5}"
    r")(?! ?\d|[\w-]|\.\d)"
)


def find_cards(text: str) -> Iterator[Range]:
    """Find the numbers of cards, together or in groups; quick where no run of digits is long enough."""
    digits = b"," + text.encode("utf-8", "replace")
    if _LONG_NUMBER in digits.translate(_MASK, _SEPARATORS):
        yield from (found.span() for found in _CARD.finditer(text) if _has_check_digit(found[0]))


def _has_check_digit(number: str) -> bool:
    """Say whether the last digit is the one that Luhn's algorithm gives for the others."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
