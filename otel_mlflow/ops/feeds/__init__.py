"""What the index is fed from: one feed for each kind of backend."""

from __future__ import annotations
