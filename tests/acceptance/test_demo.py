"""`make demo` from the outside: what it prints, what it serves, what it leaves behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.servers.process import clean_environment, until

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 180
# What the shell of a person who already works with MLflow may hold; the demo is not led astray by it.
FOREIGN = {"MLFLOW_TRACKING_URI": "http://192.0.2.1:5000", "MLFLOW_EXPERIMENT_ID": "77"}
LOOPBACK_ONLY = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


class Demo:
    """The demo as a child process, with what it has printed so far."""

    def __init__(self, folder: Path, *options: str, inside: Sequence[str] = ()) -> None:
        self._output = folder / "output.txt"
        command = [*inside, sys.executable, "-m", "app.demo", "--folder", str(folder / "demo"), *options]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=clean_environment({}) | FOREIGN,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def printed(self) -> str:
        """All that it has printed."""
        return self._output.read_text()

    def wait_for(self, words: str) -> None:
        """Wait until it has printed the words."""
        until(
            lambda: words in self.printed or self.process.poll() is not None,
            seconds=SECONDS,
            waiting_for=lambda: f"{words!r} in:\n{self.printed}",
        )
        assert words in self.printed

    def addresses(self) -> list[tuple[str, int]]:
        """The servers that it named."""
        return sorted({(host, int(port)) for host, port in re.findall(r"http://([\d.]+):(\d+)", self.printed)})

    def end(self) -> None:
        """Stop it if it still runs, in the way that lets it stop its children."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=60)


@pytest.fixture
def demos(tmp_path: Path) -> Iterator[list[Demo]]:
    """The demos of the test: each is stopped when it ends."""
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.end()


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def test_once_shows_the_answer_and_its_trace_without_a_network(tmp_path: Path, demos: list[Demo]) -> None:
    """With nothing but the loopback interface the question is answered and its trace arrives with every span."""
    if subprocess.run([*LOOPBACK_ONLY, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this kernel gives no network namespace of one's own")
    demo = Demo(tmp_path, "--once", inside=LOOPBACK_ONLY)
    demos.append(demo)
    assert demo.process.wait(timeout=SECONDS) == 0, demo.printed
    assert "North leads with 36% of revenue in 2024" in demo.printed
    assert "  POST /api/chat  " in demo.printed
    assert "    turn  " in demo.printed
    assert demo.printed.count("query_genie_space  ") == 3
    assert re.search(
        r"Trace: +http://127\.0\.0\.1:\d+/#/experiments/\d+/traces\?selectedEvaluationId=tr-", demo.printed
    )


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.soak)])
def test_it_stays_up_until_it_is_ended_and_leaves_nothing(
    tmp_path: Path, demos: list[Demo], number: signal.Signals
) -> None:
    """MLflow's page and the app answer until the signal; then the exit code is 0 and no port is held."""
    demo = Demo(tmp_path)
    demos.append(demo)
    demo.wait_for("Ctrl-C ends it all.")
    for host, port in demo.addresses():
        with urllib.request.urlopen(f"http://{host}:{port}/", timeout=10) as page:
            assert page.status == 200
    demo.process.send_signal(number)
    assert demo.process.wait(timeout=60) == 0, demo.printed
    assert [address for address in demo.addresses() if answers(*address)] == []


def test_what_does_not_start_is_shown(tmp_path: Path, demos: list[Demo]) -> None:
    """A server that cannot start ends the demo with exit code 1 and the end of that server's log."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "mlflow.db").write_text("this is not a database" * 100)
    demo = Demo(tmp_path, "--once")
    demos.append(demo)
    assert demo.process.wait(timeout=SECONDS) == 1
    assert "MLflow ended by itself, exit code" in demo.printed
    assert "file is not a database" in demo.printed
