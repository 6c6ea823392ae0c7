"""The Collector's program: `otelcol-contrib` on the PATH, or one that is built from its published modules, once.

`python -m tests.fleet.collector_build` builds it and prints where it is; with `lock` it resolves the versions anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.once import alone

MODULE = Path(__file__).resolve().parents[1] / "collector"
LOCK = ("manifest.yaml", "go.mod", "go.sum")
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.161.0"
PROGRAM = "otelcol-fleet"
OLDEST_GO = (1, 26)


class CollectorMissingError(Exception):
    """There is no Collector, and no way to build one."""


def collector_program() -> Path:
    """Where the Collector is. The test is skipped where it is not: to build it takes minutes, and no test does."""
    if (found := _find()) is None:
        pytest.skip("needs otelcol-contrib on the PATH, or `python -m tests.fleet.collector_build`, which takes Go")
    return found


def find_or_build() -> Path:
    """Where the Collector is. Raises `CollectorMissingError`."""
    built = _built()
    with alone(built.parent / "lock"):
        if (found := _find()) is not None:
            return found
        _build(_go(), built)
    return built


def _find() -> Path | None:
    if (found := shutil.which("otelcol-contrib")) is not None:
        return Path(found)
    return _built() if _built().exists() else None


def _built() -> Path:
    return _cache() / _key() / PROGRAM


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-mlflow" / "collector"


def _key() -> str:
    """Changes with the manifest, and with each version and checksum in the lock."""
    return hashlib.sha256(b"\0".join((MODULE / name).read_bytes() for name in LOCK)).hexdigest()[:16]


def _go() -> str:
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        raise CollectorMissingError("there is no Go, and no otelcol-contrib on the PATH")
    version = _run([found, "env", "GOVERSION"], Path("/")).strip().removeprefix("go")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_GO:
        raise CollectorMissingError(f"Go is {version}, and it takes 1.26 or newer")
    return found


def lock() -> None:
    """Write `go.mod` and `go.sum` anew, from the manifest. Raises `CollectorMissingError`."""
    with tempfile.TemporaryDirectory(prefix="otelcol-") as folder:
        shutil.copy(MODULE / LOCK[0], folder)
        _run([_go(), "run", "-p", "2", BUILDER, "--config", LOCK[0], "--skip-compilation"], Path(folder))
        for name in LOCK[1:]:
            shutil.copy(Path(folder) / name, MODULE)


def _build(go: str, program: Path) -> None:
    """Have the Builder write the sources, and compile them with the versions of the lock and no others."""
    with tempfile.TemporaryDirectory(prefix="otelcol-") as folder:
        sources = Path(folder)
        for name in LOCK:
            shutil.copy(MODULE / name, sources)
        generate = ["--config", LOCK[0], "--skip-get-modules", "--skip-compilation"]
        _run([go, "run", "-p", "2", BUILDER, *generate], sources)
        _run([go, "build", "-p", "2", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", PROGRAM, "."], sources)
        # Moved last and at once: what is there under its name is whole.
        unfinished = program.with_suffix(".new")
        shutil.move(sources / PROGRAM, unfinished)
        unfinished.rename(program)


def _run(command: list[str], folder: Path) -> str:
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ran.returncode:
        raise CollectorMissingError(f"{' '.join(command)} answered {ran.returncode}: {ran.stderr[-2000:]}")
    return ran.stdout


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        lock()
    sys.stdout.write(f"{find_or_build()}\n")
