"""An independent reading of the bundled data and of what slides claim about it: shares no code with the app."""

from __future__ import annotations
