"""Every link between the pages of the repository leads somewhere, anchors included."""

from __future__ import annotations

from pathlib import PurePosixPath
from posixpath import normpath

import pytest

from tests.manual.markdown import PAGES, ROOT, anchors_of, blocks, links_of

ELSEWHERE = ("https://", "http://", "mailto:")
LANGUAGES = {"python", "sh", "yaml", "json", "text", "mermaid", "sql"}


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    """To a file of the repository, and to a heading of it."""
    assert [f"{page}:{line}: {target}" for line, target in links_of(page) if not leads_somewhere(page, target)] == []


def leads_somewhere(page: str, target: str) -> bool:
    """Whether it is there; what is elsewhere is not looked at."""
    if target.startswith(ELSEWHERE):
        return True
    path, _, anchor = target.partition("#")
    file = normpath(str(PurePosixPath(page).parent / path)) if path else page
    if not (ROOT / file).exists():
        return False
    return not anchor or anchor in anchors_of(file)


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_the_site_holds_what_its_pages_link_to(page: str) -> None:
    """A link out of docs/ would lead nowhere on the site; to the repository it is a whole address."""
    paths = [target.partition("#")[0] for _, target in links_of(page) if not target.startswith(ELSEWHERE)]
    found = [normpath(str(PurePosixPath(page).parent / path)) for path in paths if path]
    assert [path for path in found if not path.startswith("docs/")] == []


def test_every_block_says_its_language() -> None:
    """One that the tests know how to check."""
    assert [str(block) for block in blocks() if block.language not in LANGUAGES] == []
