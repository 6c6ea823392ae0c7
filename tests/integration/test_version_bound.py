"""How long one environment of `make versions` may take, and what is left of it then: nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.servers.process import waited
from tests.versions.bounded import run_bounded

# What hangs is the case, and nobody waits for it: it ends by itself should it not be killed.
HANGS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={own_session})
print(child.pid, flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    {on_interrupt}
"""


def run(program: str, folder: Path, seconds: float, *, to_clean_up: float = 30) -> tuple[int | None, str]:
    """Its exit code, and what it said."""
    log = folder / "log"
    code = run_bounded(
        [sys.executable, "-c", program],
        folder=folder,
        environment=os.environ,
        log=log,
        seconds=seconds,
        to_clean_up=to_clean_up,
    )
    return code, log.read_text(encoding="utf-8")


def runs(pid: int) -> bool:
    """Whether the process does, which is not ours to wait for: one that has ended and was not asked about does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def test_what_ends_in_time_answers_its_exit_code(tmp_path: Path) -> None:
    """And what it said is in the log."""
    assert run("print('said'); raise SystemExit(3)", tmp_path, 60) == (3, "said\n")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize(
    ("own_session", "on_interrupt", "to_clean_up"),
    [(True, "child.kill(); child.wait()", 30), (False, "time.sleep(600)", 0.1)],
    ids=["it ends its children", "it ends nothing"],
)
def test_nothing_is_left_of_what_does_not_end_in_time(
    tmp_path: Path, own_session: bool, on_interrupt: str, to_clean_up: float
) -> None:
    """It may end the servers that it started, as pytest does; what does not listen is killed with its children."""
    program = HANGS.format(own_session=own_session, on_interrupt=on_interrupt)
    code, said = run(program, tmp_path, 3, to_clean_up=to_clean_up)
    assert code is None
    assert waited(lambda: not runs(int(said.split()[0])), seconds=20)
