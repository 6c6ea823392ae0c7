"""The figures, counted with numpy in the columns of the index, a few hours at a time."""

from __future__ import annotations
