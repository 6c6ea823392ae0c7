"""What a user's own tests need: the traces they produced, in memory, without a server."""

from __future__ import annotations
