"""The same name for the same person in every window, from which nobody can tell who it is."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

LENGTH = 6
"""Hexadecimal digits: two of 1,000 people have the same with a chance of 3 %."""


def pseudonyms_in(folder: Path) -> Callable[[str], str]:
    """Pseudonyms by a key that is made once for a state folder, so that names cannot be found by trying them."""
    key = _key(folder / "pseudonyms.key")

    def pseudonym(user: str) -> str:
        return f"user {hmac.new(key, user.encode(), hashlib.sha256).hexdigest()[:LENGTH]}"

    return pseudonym


def _key(path: Path) -> bytes:
    """Read it, or make it; one of this process's own where the folder cannot be written to."""
    made = secrets.token_bytes(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(made)
        try:
            os.link(unfinished, path)
        except FileExistsError:
            return path.read_bytes()
        finally:
            unfinished.unlink()
    except OSError:
        return made
    return made
