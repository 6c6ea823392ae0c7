"""How long one call of the search for secrets holds the interpreter: the longest of each pattern, on 64 kB.

    python -m benchmarks.interpreter_holds [--bytes 65536] [--rows 20]

A scan of a regular expression, a parse and an encoding are one call each: no other thread runs until it is over. Each
pattern of `otel_mlflow.content` is timed on the texts that `tests/acceptance/test_growth.py` grows, by the processor
time of the thread; the lesser of two runs counts, so that what else the machine does counts less.
"""

from __future__ import annotations

import argparse
import itertools
import json
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any
from unittest import mock

from otel_mlflow import content
from otel_mlflow.content.encoding import encode_json
from otel_mlflow.settings.defaults import REDACT_KEYS
from tests.acceptance.test_growth import HOSTILE

ORDINARY = [
    "How did sales in the north develop? ",
    "x",
    "a b: c=d, ",
    '{"id": 1, "price": 0.12}, ',
    "<b>text</b>\n",
    "\n",
]
# Words that let every form of secret be searched for.
LEAD = (
    "decrypt password identified pragma into insert into x(password) values echo printf oracle curl mysql kind: Secret "
    "bearer basic plain WIFI: wifi code key state use expect login "
    "pwgen radius snmp iface ospf logon using parametrize user negotiate smtp resource ssm "
)
RUNS = ["x", "X", "a1", "x_", "x."]
# What makes the rest of a text one value.
NAMES = ["cookie: a=", "my password is ", "password: ", 'pin="', "bearer ", "\ntoken\n", "\n| token |\n| --- |\n| "]
JSON_TEXTS = {
    "whole numbers": "[" + "1," * 32_000 + "1]",
    "fractions": "[" + "1.5," * 16_000 + "1]",
    "lists": "[" + "[]," * 21_000 + "1]",
    "members": "{" + ",".join(f'"{i}":1' for i in range(7000)) + "}",
    "escapes": '"' + "\\u0061" * 10_900 + '"',
}

Seconds = dict[str, float]


class TimedPattern:
    """A pattern that notes the longest of its calls under its name; what it calls back is not counted."""

    def __init__(self, pattern: re.Pattern[str], name: str, longest: Seconds) -> None:
        self._pattern, self._name, self._longest = pattern, name, longest

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._pattern, method)
        return (lambda *given: self._timed(lambda: call(*given))) if callable(call) else call

    def finditer(self, *given: Any) -> Iterator[re.Match[str]]:
        """Each step to the next match is a call."""
        found = self._pattern.finditer(*given)
        while (match := self._timed(lambda: next(found, None))) is not None:
            yield match

    def sub(self, write: Any, text: str) -> str:
        """Replace match by match: each search is a call."""
        parts, done = [], 0
        for match in self.finditer(text):
            parts += [text[done : match.start()], write(match) if callable(write) else match.expand(write)]
            done = match.end()
        return "".join(parts) + text[done:]

    def _timed(self, call: Callable[[], Any]) -> Any:
        started = time.thread_time()
        made = call()
        self._longest[self._name] = max(self._longest.get(self._name, 0.0), time.thread_time() - started)
        return made


def main() -> None:
    """Print the longest call of each pattern, and of a parse and an encoding of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=65_536, help="length of each text (default: 65536)")
    parser.add_argument("--rows", type=int, default=20, help="how many patterns are shown (default: 20)")
    arguments = parser.parse_args()
    print("| pattern | longest call, ms | text |\n| --- | --- | --- |")
    longest = _longest_of_all(arguments.bytes)
    for name, (seconds, unit) in sorted(longest.items(), key=lambda item: -item[1][0])[: arguments.rows]:
        print(f"| {name} | {seconds * 1e3:.2f} | {unit!r} |")
    print("\n| JSON | parsed, ms | written, ms |\n| --- | --- | --- |")
    for name, text in JSON_TEXTS.items():
        parsed, written = _least(partial(json.loads, text)), _longest_encoding(json.loads(text))
        print(f"| {name} | {parsed:.2f} | {written:.2f} |")


def _longest_of_all(length: int) -> dict[str, tuple[float, str]]:
    longest: Seconds = {}
    _time_patterns(longest)
    redactor = content.Redactor.compile(REDACT_KEYS)
    found: dict[str, tuple[float, str]] = {}
    leads = [("", unit) for unit in (*HOSTILE, *ORDINARY)] + list(itertools.product(NAMES, RUNS))
    for name, unit in leads:
        text = (LEAD + name + unit * (length // len(unit) + 1))[:length]
        runs = [_run(redactor, text, longest) for _ in range(2)]
        for pattern, seconds in runs[0].items():
            least = min(seconds, runs[1].get(pattern, seconds))
            found[pattern] = max(found.get(pattern, (0.0, "")), (least, name + unit))
    return found


def _run(redactor: content.Redactor, text: str, longest: Seconds) -> Seconds:
    longest.clear()
    redactor.text(text)
    redactor.query(text)
    return dict(longest)


def _time_patterns(longest: Seconds) -> None:
    """Put a timed pattern in the place of each in the modules of the package."""
    for found in pkgutil.iter_modules(content.__path__):
        module = import_module(f"{content.__name__}.{found.name}")
        for name, value in list(vars(module).items()):
            if not name.startswith("__"):
                setattr(module, name, _timed(value, f"{found.name}.{name}", longest))


def _timed(value: Any, name: str, longest: Seconds) -> Any:
    if isinstance(value, re.Pattern):
        return TimedPattern(value, name, longest)
    if isinstance(value, tuple):
        first = value[0] if value and isinstance(value[0], str) else ""
        items = [_timed(item, f"{name} {first}".strip(), longest) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if type(value) in (list, dict):
        items = [_timed(item, name, longest) for item in (value.values() if isinstance(value, dict) else value)]
        return dict(zip(value, items, strict=True)) if isinstance(value, dict) else items
    return value


def _longest_encoding(value: Any) -> float:
    """Time each of the calls in which a value is encoded, in milliseconds, and answer the longest."""
    calls: list[partial[str]] = []
    encode = json.dumps

    def note(*given: Any, **options: Any) -> str:
        calls.append(partial(encode, *given, **options))
        return encode(*given, **options)

    with mock.patch.object(json, "dumps", note):
        encode_json(value)
    return max(map(_least, calls))


def _least(call: Callable[[], Any]) -> float:
    """Time a call five times, in milliseconds of the processor, and answer the least."""
    times = []
    for _ in range(5):
        started = time.thread_time()
        call()
        times.append(time.thread_time() - started)
    return min(times) * 1e3


if __name__ == "__main__":
    main()
