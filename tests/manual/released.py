"""Building what is released, and installing it into an empty environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.manual.markdown import ROOT

UV = str(Path(sys.executable).with_name("uv"))
GIT = shutil.which("git") or "git"
USED = "fastapi,server,cli"
"""The extras that the README's commands need."""


def build(folder: Path) -> Path:
    """Build wheel and source distribution from a copy of the tree, with the locked back end; answer their folder."""
    tree, target = folder / "tree", folder / "dist"
    listed = subprocess.run(
        [GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run(command, cwd=tree, check=True, timeout=120, stdout=subprocess.DEVNULL)
    return target


def wheel(built: Path) -> Path:
    """The wheel in the folder."""
    (found,) = built.glob("*.whl")
    return found


def install(built: Path, folder: Path, interpreter: str) -> Path:
    """Make an environment that has the wheel and what its extras bring, in the locked versions, and nothing else."""
    subprocess.run(
        [UV, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", interpreter, str(folder)],
        check=True,
        timeout=120,
    )
    locked = folder / "locked.txt"
    lines = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
    locked.write_text("\n".join(line.rstrip(" \\") for line in lines if "==" in line), encoding="utf-8")
    install = [UV, "pip", "install", "--quiet", "--python", f"{folder}/bin/python", "--constraint", str(locked)]
    subprocess.run([*install, f"otel-mlflow[{USED}] @ {wheel(built).as_uri()}", "uvicorn"], check=True, timeout=1200)
    return folder
