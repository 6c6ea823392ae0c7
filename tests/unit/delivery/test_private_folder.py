"""The spool folder: ours, closed to others, and no way out of it by a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_mlflow.delivery.private_folder import existing_folder, open_private, private_folder
from otel_mlflow.delivery.storage import Storage
from tests.unit.delivery.backend import ManualClock

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
SOMEBODY = 12345
"""A user id that is not ours."""


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_of_ours_is_closed_to_others(tmp_path: Path) -> None:
    """Whoever could read it could read what users said."""
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert private_folder(folder) == existing_folder(folder) == folder
    assert mode(folder) == 0o700


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """For this user alone, parents included."""
    folder = private_folder(tmp_path / "a" / "spool")
    assert mode(folder) == 0o700


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: path.symlink_to("nowhere")])
def test_what_is_no_folder_is_told_as_such(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """That something is there already would be no help."""
    make(tmp_path / "spool")
    with pytest.raises(NotADirectoryError, match="a file or a broken link where the folder"):
        private_folder(tmp_path / "spool")


@AS_ROOT
def test_a_shared_folder_gets_one_of_this_user_s(tmp_path: Path) -> None:
    """As volumes of containers are, which belong to root or let everybody write."""
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    tmp_path.chmod(0o1777)
    folder = private_folder(tmp_path)
    assert folder == existing_folder(tmp_path) == tmp_path / f"uid-{os.geteuid()}"
    assert mode(folder) == 0o700


@AS_ROOT
def test_a_link_in_place_of_this_user_s_folder_is_refused(tmp_path: Path) -> None:
    """Somebody has put it there before us."""
    elsewhere = tmp_path / "elsewhere"
    shared = tmp_path / "shared"
    elsewhere.mkdir()
    shared.mkdir()
    os.chown(shared, SOMEBODY, SOMEBODY)
    shared.chmod(0o1777)
    (shared / f"uid-{os.geteuid()}").symlink_to(elsewhere)
    with pytest.raises(PermissionError, match="is a link"):
        private_folder(shared)


@AS_ROOT
def test_another_user_s_folder_is_not_used(tmp_path: Path) -> None:
    """What is new waits in memory, and the trouble names the folder and its owner."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, SOMEBODY, SOMEBODY)
    storage = Storage(folder, destination="here", max_bytes=10**6, clock=ManualClock())
    with storage.using() as spool:
        assert spool.file.in_memory
    assert storage.trouble is not None
    assert f"{folder} belongs to another user (uid {SOMEBODY})" in storage.trouble.reason
    assert list(folder.iterdir()) == []
    storage.close()


@pytest.mark.parametrize("planted", ["", "-wal", "-shm", ".gate"])
def test_a_planted_link_is_not_followed(tmp_path: Path, planted: str) -> None:
    """The file that it points to stays as it is."""
    folder = private_folder(tmp_path / "spool")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    probe = Storage(folder, destination="here", max_bytes=10**6, clock=ManualClock())
    with probe.using():
        pass
    probe.close()
    (spool,) = folder.glob("*.db")
    target = spool.with_suffix(planted) if planted.startswith(".") else Path(f"{spool}{planted}")
    target.unlink(missing_ok=True)
    target.symlink_to(victim)
    storage = Storage(folder, destination="here", max_bytes=10**6, clock=ManualClock())
    with storage.using() as used:
        assert used.file.in_memory
    storage.close()
    assert victim.read_text() == "precious"


def test_a_file_with_a_second_name_is_refused(tmp_path: Path) -> None:
    """A hard link is a way out of the folder, too."""
    original = tmp_path / "original"
    original.touch()
    (tmp_path / "second").hardlink_to(original)
    with pytest.raises(PermissionError, match="no plain file"):
        open_private(tmp_path / "second")
