"""Rules of the repository that a machine can check."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import otel_mlflow

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
REQUIREMENT = re.compile(
    r"^[a-z0-9.-]+(\[[a-z0-9, -]+\])?==[^ ]+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", re.MULTILINE
)

DESCRIPTIONS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
MODULE = re.compile(r"\b(?:\w+/)*\w+\.py\b")
REGISTRIES = [
    *(("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org")),
    *(("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com")),
    *(("maven", "org"), ("maven", "apache", "org"), ("crates", "io"), ("rubygems", "org"), ("nuget", "org")),
    *(("packagist", "org"), ("proxy", "golang", "org"), ("sum", "golang", "org"), ("goproxy", "io")),
    *(("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("gcr", "io"), ("mcr", "microsoft", "com")),
]
"""Hosts of package registries, in parts so that this file names none."""


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is said by the machine that installs them."""
    host = re.compile("|".join(re.escape(".".join(parts)) for parts in REGISTRIES), re.IGNORECASE)
    read = ((path, path.read_text(encoding="utf-8", errors="ignore")) for path in _tracked_text_files())
    assert [(str(path.relative_to(ROOT)), found) for path, text in read for found in host.findall(text)] == []


def test_a_file_that_is_named_is_there() -> None:
    """In the package and in what describes it, so that a module that was renamed is renamed where it is named."""
    tracked = [path.relative_to(ROOT) for path in _tracked_text_files()]
    there = {"/".join(path.parts[start:]) for path in tracked for start in range(len(path.parts))}
    describing = [path for path in tracked if path.parts[0] == "otel_mlflow" or path.name in DESCRIPTIONS]
    named = {(str(path), name) for path in describing for name in MODULE.findall((ROOT / path).read_text("utf-8"))}
    assert sorted((path, name) for path, name in named if name not in there) == []


def test_there_are_locks() -> None:
    """Of the demo, with and without ChatDatabricks, the tests, the site, and what some tests have to themselves."""
    frameworks = ["frameworks", "frameworks-openai2", "frameworks-protobuf5"]
    others = ["mounted", "neighbours", "oldest-fastapi", "pyright", "spark"]
    assert sorted(lock.stem for lock in LOCKS) == ["databricks-chat", "demo", "dev", "docs", *frameworks, *others]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: Path) -> None:
    """No address, no index, no requirement without a hash."""
    rest = REQUIREMENT.sub("", lock.read_text())
    assert [line for line in rest.splitlines() if not line.startswith("#")] == []
    assert "://" not in lock.read_text()


def test_what_is_needed_with_an_extra_is_pinned_with_it() -> None:
    """Else pip takes the newest release of it, and that one has no hash here: an install that breaks on another day."""
    pinned = {
        (canonicalize_name(requirement.name), extra)
        for line in re.findall(r"^\S.*?==[^ ]+", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
        for requirement in [Requirement(line)]
        for extra in requirement.extras
    }
    needed = {
        (canonicalize_name(requirement.name), extra)
        for distribution in distributions()
        for requirement in map(Requirement, distribution.requires or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        for extra in requirement.extras
    }
    assert needed
    assert sorted(needed - pinned) == []


def test_the_demo_s_lock_is_part_of_the_tests_lock() -> None:
    """What is tested is what the demo shows."""
    demo, dev = (
        set(re.findall(r"^\S+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("demo.txt", "dev.txt")
    )
    assert demo <= dev


@pytest.mark.parametrize("source", sorted((ROOT / "app").rglob("*.py")), ids=lambda path: path.stem)
def test_the_app_uses_public_names_only(source: Path) -> None:
    """What the app shows can be done, anybody can do with the package's public names."""
    public = {*otel_mlflow.__all__, "ops"}
    assert [name for name in _names_of_ours(source) if name not in public] == []


def _names_of_ours(source: Path) -> Iterator[str]:
    """What a file takes from otel_mlflow: attributes of the module, and imports out of it."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "otel_mlflow":
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "otel_mlflow":
            yield from (alias.name for alias in node.names)


def _tracked_text_files() -> Iterator[Path]:
    """The files that git tracks and that hold no NUL."""
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for path in (ROOT / name for name in listed.split("\0") if name):
        if path.is_file() and b"\0" not in path.read_bytes():
            yield path
