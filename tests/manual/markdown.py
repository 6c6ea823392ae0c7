"""The pages of the manual, and what is in them: blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))))
"""Every page, by its path in the repository."""

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)(?P<options>.*)$")
TITLE = re.compile(r'title="([^"]+)"')
HIDDEN = re.compile(r"^<!-- python$")
CODE_SPAN = re.compile(r"(`+)(?:.+?)\1")
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$")
TEXT_OF_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Block:
    """One fenced block, or a `<!-- python` comment, which is run and not shown."""

    page: str
    line: int
    """The line of its first line of text, from 1."""
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def text_of(page: str) -> str:
    """The page as it is written."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """The blocks of all pages in these languages, or all of them."""
    found = [block for page in PAGES for block in blocks_of(page)]
    return [block for block in found if not languages or block.language in languages]


def blocks_of(page: str) -> list[Block]:
    """The blocks of one page, in their order."""
    found: list[Block] = []
    lines = iter(enumerate(text_of(page).splitlines(), 1))
    for number, line in lines:
        if HIDDEN.match(line):
            found.append(Block(page, number + 1, "python", "", _until(lines, "-->", 0)))
        elif opening := FENCE.match(line):
            title = TITLE.search(opening["options"])
            text = _until(lines, opening["indent"] + "```", len(opening["indent"]))
            found.append(Block(page, number + 1, opening["language"], title[1] if title else "", text))
    return found


def _until(lines: Iterator[tuple[int, str]], closing: str, indent: int) -> str:
    text: list[str] = []
    for _, line in lines:
        if line.rstrip() == closing:
            break
        text.append(line[indent:])
    return "\n".join(text) + "\n"


def prose_of(page: str) -> list[tuple[int, str]]:
    """The numbered lines of a page outside of its blocks."""
    kept: list[tuple[int, str]] = []
    closing: str | None = None
    for number, line in enumerate(text_of(page).splitlines(), 1):
        if closing is not None:
            closing = None if line.rstrip() == closing else closing
        elif HIDDEN.match(line):
            closing = "-->"
        elif opening := FENCE.match(line):
            closing = opening["indent"] + "```"
        else:
            kept.append((number, line))
    return kept


def links_of(page: str) -> list[tuple[int, str]]:
    """The targets of a page's links and images, with their lines."""
    prose = ((number, CODE_SPAN.sub("", line)) for number, line in prose_of(page))
    return [(number, target) for number, line in prose for target in LINK.findall(line)]


def anchors_of(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = (HEADING.match(line) for _, line in prose_of(page))
    return {slug(heading[1]) for heading in headings if heading}


def slug(heading: str) -> str:
    """What an address calls a heading: both makers agree on headings of plain words."""
    plain = TEXT_OF_LINK.sub(r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
