"""The manual's pictures of pages are there, are shown, and come from tests that exist."""

from __future__ import annotations

import re
import struct

import pytest

from tests.manual.markdown import ROOT
from tests.manual.page_pictures import PICTURES, PagePicture
from tests.manual.trace_picture import PICTURE

IMAGES = ROOT / "docs" / "images"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_chapter_shows_its_picture(picture: PagePicture) -> None:
    """With words for who cannot see it."""
    chapter = (ROOT / "docs" / picture.chapter).read_text(encoding="utf-8")
    (words,) = re.findall(rf"!\[([^\]]+)\]\(images/{picture.name}\.png\)", chapter)
    assert len(words) > 40


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_as_wide_as_the_page_that_was_tested(picture: PagePicture) -> None:
    """It is a PNG of the width in its test's name, and light enough for a manual."""
    content = picture.path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    (width,) = struct.unpack(">I", content[16:20])
    assert f"[{width}-" in picture.test
    assert len(content) < 400_000


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_test_that_takes_a_picture_is_there(picture: PagePicture) -> None:
    """And keeps it under that name."""
    file, _, function = picture.test.partition("::")
    source = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {function.partition('[')[0]}(" in source
    assert f'f"{picture.taken_as.partition("-1400")[0]}-{{width}}-{{scheme}}"' in source


def test_every_picture_is_made_by_a_script() -> None:
    """None lies about that nobody can make again."""
    assert {path.name for path in IMAGES.iterdir()} == {PICTURE.name, *(picture.path.name for picture in PICTURES)}
