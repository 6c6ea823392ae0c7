"""Writes docs/reference/licences.md: what each extra installs, and under which licence.

`python -m tests.manual.licences`, in the environment of `make check`, which has all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.manual.markdown import ROOT

PAGE = ROOT / "docs" / "reference" / "licences.md"
US = "otel-mlflow"
EXTRAS = ("fastapi", "langchain", "server", "databricks", "cli", "ops")
"""Those that users install; `demo` and `dev` are ours."""
LONGEST = 60
"""Characters of a licence's name: some packages give the whole text."""
TROVE = "License :: "

HEAD = """# Licences

What `pip install otel-mlflow` and its extras bring, with what those need in turn, on Linux with Python 3.11; an extra
is listed with what the core does not bring already. As the packages themselves say it. Generated from the installed
packages by `python -m tests.manual.licences`; the versions and hashes that are tested stand in `requirements/dev.txt`.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page."""
    core = closure("")
    sections = [section("otel-mlflow", core)]
    sections += [section(f"otel-mlflow[{extra}]", closure(extra) - core) for extra in EXTRAS]
    return "\n".join([HEAD, *sections])


def section(title: str, names: set[str]) -> str:
    """A table of packages."""
    if not names:
        return f"## `{title}`\n\nNothing that the core does not bring.\n"
    rows = [f"| {name} | {licence(name)} |" for name in sorted(names)]
    return "\n".join([f"## `{title}`\n", "| package | licence |", "| --- | --- |", *rows, ""])


def closure(extra: str) -> set[str]:
    """Everything that an extra needs, directly or not."""
    found: set[str] = set()
    waiting = [(US, extra)]
    seen = set(waiting)
    while waiting:
        name, asked = waiting.pop()
        for needed in requirements(name, asked):
            found.add(canonicalize_name(needed.name))
            new = {(needed.name, each) for each in ("", *needed.extras)} - seen
            seen |= new
            waiting.extend(new)
    return found - {US}


def requirements(name: str, extra: str) -> Iterator[Requirement]:
    """What one package needs here, with one of its extras or none."""
    for needed in map(Requirement, metadata.requires(name) or ()):
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            yield needed


def licence(name: str) -> str:
    """What the package says of its licence, in few words."""
    about = metadata.metadata(name)
    if expressions := about.get_all("License-Expression"):
        return str(expressions[0])
    trove = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or () if text.startswith(TROVE)]
    stated = (about.get_all("License") or [""])[0].strip().partition("\n")[0]
    return ", ".join(text for text in trove if text != "OSI Approved") or stated[:LONGEST] or "see the package"


if __name__ == "__main__":
    main()
