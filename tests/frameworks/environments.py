"""The environments that have the libraries: libraries that conflict are in different ones, each with a lock."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-frameworks"
RESULTS = FOLDER / "results"
_DEVELOPMENT = "site-packages"


@dataclass(frozen=True)
class Environment:
    """`lock` is a file in `requirements/`; one that is `over_dev` is looked through to this environment."""

    name: str
    lock: str
    over_dev: bool = False

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return FOLDER / self.name / "bin" / "python"


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("newest", "frameworks.txt", over_dev=True),
        Environment("protobuf5", "frameworks-protobuf5.txt"),
        Environment("openai2", "frameworks-openai2.txt"),
    )
}


def build(environment: Environment) -> None:
    """Make the environment anew if its lock has changed."""
    lock = ROOT / "requirements" / environment.lock
    stamp = FOLDER / environment.name / "stamp"
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(FOLDER / environment.name))
    python = str(environment.python)
    _uv("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", python, "--requirement", str(lock))
    shown = [str(ROOT), *(path for path in sys.path if path.endswith(_DEVELOPMENT) and environment.over_dev)]
    (_purelib(environment) / "zz-shown.pth").write_text("\n".join(shown) + "\n", encoding="utf-8")
    stamp.write_text(wanted, encoding="utf-8")


def _purelib(environment: Environment) -> Path:
    asked = [str(environment.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True)
