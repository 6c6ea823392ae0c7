"""Run the demo: `python -m app.demo [--once] [--folder FOLDER] [--question TEXT]`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from app.decks.deck import heading
from app.demo import trace
from app.demo.children import POLL_SECONDS, DemoError
from app.demo.http import HttpError, post
from app.demo.servers import ROOT, Server, missing_in_app, missing_in_mlflow, start_app, start_mlflow

QUESTION = "How did revenue develop by region in 2024?"
START_SECONDS = 120.0
ARRIVE_SECONDS = 30.0


def main() -> int:
    """Run it; 0 when all went well, also when ended by Ctrl-C, and 1 when something did not start or arrive."""
    options = _options()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _run(options.folder.resolve(), options.question, once=options.once)
    except KeyboardInterrupt:
        _print_line("Stopped; nothing is left running.")
    except (DemoError, HttpError) as error:
        _print_line(f"\nThe demo failed. {error}")
        return 1
    return 0


def _run(folder: Path, question: str, *, once: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mlflow = start_mlflow(folder)
    with mlflow.child:
        _wait(mlflow, "Starting MLflow", lambda: missing_in_mlflow(mlflow), START_SECONDS)
        app = start_app(folder, mlflow.url)
        with app.child:
            _wait(app, "Starting the slide agent and its tracing", lambda: missing_in_app(app), START_SECONDS)
            _ask(question, app, mlflow)
            if not once:
                _stay(mlflow, app)


def _ask(question: str, app: Server, mlflow: Server) -> None:
    _print_line(f"\nQuestion: {question}")
    answer = post(f"{app.url}/api/chat", {"message": question})
    _show_answer(answer)
    trace_id = answer["metadata"]["trace_id"]
    _wait(app, "Waiting for its trace in MLflow", lambda: trace.missing(mlflow.url, trace_id), ARRIVE_SECONDS)
    for line in trace.tree(trace.fetch(mlflow.url, trace_id)):
        _print_line(f"  {line}")
    _print_line(f"\nTrace:  {answer['metadata']['trace_url']}")


def _show_answer(answer: dict[str, Any]) -> None:
    _print_line(f"Answer:   {answer['messages'][-1]['content']}")
    deck = answer["slide_deck"]
    for slide in deck["slides"] if deck else []:
        _print_line(f"  {slide['index'] + 1}. {heading(slide['html'])}")
    _print_line("")


def _stay(mlflow: Server, app: Server) -> None:
    _print_line(f"MLflow: {mlflow.url}\nApp:    {app.url} (ask your own questions here)\n\nCtrl-C ends it all.")
    while True:
        mlflow.child.check()
        app.child.check()
        time.sleep(POLL_SECONDS)


def _wait(server: Server, what: str, missing: Callable[[], str], seconds: float) -> None:
    """Wait with a visible word, then say how long it took."""
    _print_line(f"{what} …", end="")
    started = time.monotonic()
    server.child.wait_until_nothing(missing, seconds=seconds)
    _print_line(f" done ({time.monotonic() - started:.1f} s)")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.demo", description="MLflow, the slide agent and one question")
    parser.add_argument("--once", action="store_true", help="end as soon as the answer and its trace are there")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where data and logs go (%(default)s)")
    parser.add_argument("--question", default=QUESTION, help="what to ask (%(default)s)")
    return parser.parse_args()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End once, in order: while the children are being stopped, further signals must not cut that short."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def _print_line(words: str, end: str = "\n") -> None:
    print(words, end=end, flush=True)  # noqa: T201 - this is a program for a terminal


if __name__ == "__main__":
    sys.exit(main())
