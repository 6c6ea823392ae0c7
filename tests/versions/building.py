"""Environments under `.venv-versions/`, each made anew when the lock or its overrides change."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.versions.environments import Environment

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-versions"
_PACKAGES = "site-packages"
LOCK = ROOT / "requirements" / "dev.txt"
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The version of the interpreter that runs this."""


class NotHereError(Exception):
    """The environment cannot be made on this machine; the message says why."""


def build(environment: Environment) -> Path:
    """Make the environment where it is not there yet; answer its interpreter.

    One of this interpreter's version looks into this environment for what it does not have itself. Raises
    `NotHereError` for a Python that is not on the machine, and for packages that cannot be had.
    """
    interpreter = interpreter_of(environment.python) if environment.python is not None else None
    folder = FOLDER / environment.name
    stamp, wanted = folder / "stamp", _fingerprint(environment)
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        _make(environment, folder, python, interpreter)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _make(environment: Environment, folder: Path, python: Path, other: str | None) -> None:
    _uv("venv", "--quiet", "--clear", "--no-python-downloads", "--python", other or sys.executable, str(folder))
    if other is not None:
        _uv("pip", "install", "--quiet", "--require-hashes", "--python", str(python), "--requirement", str(LOCK))
        own = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        _uv("pip", "install", "--quiet", "--python", str(python), *own)
    paths = [str(ROOT)] if other is not None else [str(ROOT), *(path for path in sys.path if path.endswith(_PACKAGES))]
    (_purelib(python) / "zz-lock.pth").write_text("\n".join(paths) + "\n", encoding="utf-8")
    if environment.overrides:
        _uv("pip", "install", "--quiet", "--no-deps", "--python", str(python), *environment.overrides)


def interpreter_of(version: str) -> str:
    """The interpreter of that version: pyenv's, whose shims uv cannot ask, or what uv finds. This one is no other."""
    if version == OWN:
        raise NotHereError("every row above runs with it")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return next((str(found) for found in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))), version)


def _purelib(python: Path) -> Path:
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def _uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHereError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"uv {arguments[0]} failed")


def _fingerprint(environment: Environment) -> str:
    parts = [LOCK.read_bytes(), repr(environment).encode(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
