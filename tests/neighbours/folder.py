"""Where the neighbours are installed: beside the environment's own packages, for processes that ask for them."""

from __future__ import annotations

import sys
from pathlib import Path

INSTALLED = Path(sys.prefix) / "neighbours"
