"""Questions in plain English about the bundled sales data: words become one typed query, or are named as left out."""

from __future__ import annotations
