"""The spool folder: ours, closed to others, and no way out of it by a link.

Traces hold what users said. Whoever could write into the folder could have them written elsewhere, or read them.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path) -> Path:
    """The folder to use for what is configured, made where it is missing.

    1. It belongs to this user: it is closed to everybody else.
    2. It belongs to root or is shared by all, as volumes of containers and `/tmp` are: a folder of this user's in it.
    3. It belongs to another user: refused.

    Raises `OSError`, which names the folder and what is wrong with it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"there is a file or a broken link where the folder {folder} is to be") from None
    if sys.platform == "win32" or _is_ours(folder):
        return _closed(folder)
    if not _is_shared(folder):
        raise PermissionError(f"{folder} belongs to another user (uid {folder.stat().st_uid})")
    own = own_folder_in(folder)
    own.mkdir(mode=0o700, exist_ok=True)
    if own.is_symlink() or not _is_ours(own):
        raise PermissionError(f"{own} is a link or belongs to another user")
    return _closed(own)


def existing_folder(folder: Path) -> Path:
    """The folder that `private_folder` would answer, without making anything."""
    if sys.platform == "win32" or not folder.exists() or _is_ours(folder):
        return folder
    return own_folder_in(folder)


def own_folder_in(folder: Path) -> Path:
    """The folder of this user in a shared one."""
    return folder / f"uid-{os.geteuid()}"


def open_private(path: Path) -> int:
    """Open a file of the folder for reading and writing, made where it is missing; its descriptor.

    Raises `OSError` where it is a link, has a second name, or belongs to another user.
    """
    no_follow = getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | no_follow, 0o600)
    found = os.fstat(descriptor)
    is_ours = sys.platform == "win32" or found.st_uid == os.geteuid()
    if not (stat.S_ISREG(found.st_mode) and is_ours and found.st_nlink <= 1):
        os.close(descriptor)
        raise PermissionError(f"{path} is no plain file of this user's own: remove it")
    return descriptor


def _is_ours(folder: Path) -> bool:
    return folder.stat().st_uid == os.geteuid()


def _is_shared(folder: Path) -> bool:
    found = folder.stat()
    return found.st_uid == 0 or bool(found.st_mode & stat.S_ISVTX)


def _closed(folder: Path) -> Path:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if sys.platform != "win32" and mode & _FOR_OTHERS:
        folder.chmod(mode & ~_FOR_OTHERS)
    return folder
