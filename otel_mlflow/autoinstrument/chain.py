"""Other modules called `sitecustomize`: Python imports one, so ours imports the next."""

from __future__ import annotations

import importlib
import sys
import sysconfig
from pathlib import Path

MODULE = "sitecustomize"
BOOTSTRAP = Path(__file__).parent / "bootstrap"


def import_next_sitecustomize(folder: Path) -> None:
    """Import the module that Python would have imported without the one in `folder`, if there is one."""
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry) != folder]
    ours = sys.modules.pop(MODULE, None)
    try:
        importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        if error.name != MODULE:
            raise
    finally:
        if ours is not None:
            sys.modules.setdefault(MODULE, ours)


def folders() -> list[str]:
    """What has to stand first on `PYTHONPATH` in a process in which applications are to be instrumented.

    `opentelemetry-instrument` takes its folder away again once its `sitecustomize` has been imported.
    """
    found = getattr(sys.modules.get(MODULE), "__file__", None)
    installed = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    loaded = str(Path(found).parent) if found else ""
    return [str(BOOTSTRAP), *([loaded] if loaded and loaded not in installed | {str(BOOTSTRAP)} else [])]
