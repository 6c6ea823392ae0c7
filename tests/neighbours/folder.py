"""Where the neighbours are installed: beside the environment's own packages, for processes that ask for them."""

from __future__ import annotations

import sys
from pathlib import Path

INSTALLED = Path(sys.prefix) / "neighbours"
MOUNTED = Path(sys.prefix) / "mounted"
"""The user interfaces that are mounted in applications, with their clients."""
DATABRICKS_CHAT = Path(sys.prefix) / "databricks-chat"
"""What the extra of that name installs: `ChatDatabricks`, and with it everything that the app needs."""
