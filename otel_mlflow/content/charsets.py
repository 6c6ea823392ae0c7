"""Bytes become text: by their byte order mark, as JSON says, or by a charset that is one of text.

Python's codecs compress (`bz2`), encode (`hex`, `rot13`) and take their time (`punycode`, `idna`) too, and a header
names what it likes. So only those in the list are asked for; any other text is read as UTF-8.
"""

from __future__ import annotations

import codecs
import json

_CHARSETS = frozenset(
    [
        "ascii",
        "us-ascii",
        "utf-8",
        "utf8",
        "utf-8-sig",
        "utf-7",
        "utf-16",
        "utf16",
        "utf-16le",
        "utf-16be",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf32",
        "utf-32le",
        "utf-32be",
        "utf-32-le",
        "utf-32-be",
        "latin-1",
        "latin1",
        "l1",
        "iso-8859-1",
        "iso8859-1",
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-9",
        "iso-8859-10",
        "iso-8859-11",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "cp437",
        "cp850",
        "cp852",
        "cp866",
        "cp932",
        "cp936",
        "cp949",
        "cp950",
        "macintosh",
        "mac-roman",
        "koi8-r",
        "koi8-u",
        "tis-620",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "big5-hkscs",
        "shift-jis",
        "shift_jis",
        "sjis",
        "euc-jp",
        "euc-kr",
        "iso-2022-jp",
    ]
)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKS = tuple(mark for mark, _ in _BYTE_ORDER_MARKS)
_ENOUGH_TO_DETECT = 4


_WITHOUT_MARK = {"utf-16": "utf-16-le", "utf16": "utf-16-le", "utf-32": "utf-32-le", "utf32": "utf-32-le"}
"""Charsets whose decoders refuse a text that has no byte order mark, and what such a text most often is."""


def decode_text(raw: bytes, charset: str, *, is_whole: bool = True) -> str:
    """Decode a text; what cannot be decoded becomes the replacement character, or is left out where it was cut."""
    named = charset.lower() if charset.lower() in _CHARSETS else "utf-8"
    name = _marked(raw) or _WITHOUT_MARK.get(named, named)
    if is_whole:
        return raw.decode(name, "replace").removeprefix("\ufeff")
    return codecs.getincrementaldecoder(name)("replace").decode(raw).removeprefix("\ufeff")


def _marked(raw: bytes) -> str | None:
    """The charset that a byte order mark at the beginning names."""
    if not raw.startswith(_MARKS):
        return None
    return next(name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark))


def decode_json(raw: bytes, charset: str, *, is_whole: bool = True) -> str:
    """Decode a JSON text: UTF-8, 16 or 32 as its first bytes show, whatever its header says."""
    first = raw[:_ENOUGH_TO_DETECT]
    detected = json.detect_encoding(raw) if b"\0" in first and len(first) == _ENOUGH_TO_DETECT else "utf-8"
    return decode_text(raw, charset if detected == "utf-8" else detected, is_whole=is_whole)
