"""Takes the manual's pictures of pages, by the tests of the pages they show.

`python -m tests.manual.page_pictures` runs those tests, which keep a picture where SCREENSHOTS names a folder, and puts
them where the manual shows them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.conftest import REQUIRE_ALL
from tests.manual.markdown import ROOT
from tests.servers.browser import SCREENSHOTS
from tests.servers.process import clean_environment


class PagePicture(NamedTuple):
    """A picture in the manual: which test takes it, under which name, and which chapter shows it."""

    name: str
    test: str
    taken_as: str
    chapter: str

    @property
    def path(self) -> Path:
        """Where the manual keeps it."""
        return ROOT / "docs" / "images" / f"{self.name}.png"


PICTURES = [
    PagePicture(
        "ops", "tests/ops/test_page.py::test_no_column_is_off_the_screen[1400-light]", "ops-1400-light", "ops.md"
    ),
    PagePicture(
        "slide-agent",
        "tests/acceptance/test_slide_page.py::test_the_page_has_a_form_for_every_width[1400-light]",
        "slide-agent-1400-light",
        "slide-agent.md",
    ),
]


def main() -> None:
    """Take them anew."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "", *(picture.test for picture in PICTURES)],
            env=clean_environment({SCREENSHOTS: folder, REQUIRE_ALL: "1"}),  # a test that skips itself takes no picture
            cwd=ROOT,
            check=True,
        )
        for picture in PICTURES:
            shutil.copyfile(Path(folder) / f"{picture.taken_as}.png", picture.path)


if __name__ == "__main__":
    main()
