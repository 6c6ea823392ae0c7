"""How much of the corpus of secrets is hidden, how many innocents are changed, and what a text costs.

    python -m benchmarks.redaction [--seeds 3] [--verbose]

The corpus is in tests/unit/content/corpus; its README.md says how to add to it. Secrets are made up anew for each seed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable

from otel_mlflow.content import Redactor
from otel_mlflow.settings.defaults import REDACT_KEYS
from tests.unit.content.corpus.cases import Case, changed, hidden_cases, lines

PROSE = "How did sales in the north develop over the last four quarters, by product and by customer? " * 21
TEXTS = {
    "prose": json.dumps({"question": PROSE}),
    "an OpenAI answer": json.dumps(
        {
            "id": "chatcmpl-1",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": PROSE[:1500]}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
        }
    ),
    "rows of numbers": json.dumps([{"id": i, "name": f"item {i}", "price": i / 7} for i in range(40)]),
    "a secret in prose": json.dumps({"question": PROSE, "password": "x"}),
}


def main() -> None:
    """Print recall, innocents and costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how often the secrets are made up anew (default: 3)")
    parser.add_argument("--verbose", action="store_true", help="show each case that failed")
    arguments = parser.parse_args()
    redactor = Redactor.compile(REDACT_KEYS)
    cases = [case for seed in range(arguments.seeds) for case in hidden_cases(redactor, seed)]
    _print_recall(cases, verbose=arguments.verbose)
    _print_innocents(redactor, verbose=arguments.verbose)
    _print_costs(redactor)


def _print_recall(cases: Iterable[Case], *, verbose: bool) -> None:
    total: Counter[str] = Counter()
    leaked: Counter[str] = Counter()
    for case in cases:
        total[case.kind] += 1
        leaked[case.kind] += case.leaks
        if case.leaks and verbose:
            print(f"leaked: {case.kind}: {case.given[:200]!r}")
    print("| kind | cases | hidden |\n| --- | --- | --- |")
    for kind, count in sorted(total.items()):
        print(f"| {kind} | {count} | {_share(count - leaked[kind], count)} |")
    print(f"| **all** | {total.total()} | **{_share(total.total() - leaked.total(), total.total())}** |\n")


def _print_innocents(redactor: Redactor, *, verbose: bool) -> None:
    wrong = list(changed(redactor))
    for innocent, made in wrong if verbose else ():
        print(f"changed: {innocent!r} became {made[:200]}")
    count = len(lines("keep.jsonl"))
    print(f"innocents: {count}, changed: {len(wrong)} ({_share(len(wrong), count)})\n")


def _print_costs(redactor: Redactor) -> None:
    print("| text | bytes | µs | MB/s |\n| --- | --- | --- | --- |")
    for name, text in TEXTS.items():
        seconds = min(_seconds(redactor, text) for _ in range(50))
        print(f"| {name} | {len(text)} | {seconds * 1e6:.0f} | {len(text) / seconds / 1e6:.0f} |")


def _seconds(redactor: Redactor, text: str) -> float:
    started = time.perf_counter()
    redactor.json_text(text)
    return time.perf_counter() - started


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


if __name__ == "__main__":
    main()
