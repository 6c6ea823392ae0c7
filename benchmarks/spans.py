"""What the rule of parents costs a request for each span, and what the folding of calls costs the writer.

    python -m benchmarks.spans [--calls 100] [--rounds 50]

The rule of parents (`otel_mlflow/spans/current.py`) is asked where the current span is one of ours, one of another
provider's, in a generator, and in LangChain's run; beside it, a whole span. The folding of calls
(`otel_mlflow/spans/records/folding.py`) is given traces of so many calls of a model, traced by one, two and three
instrumentations; beside it, all that the writer does with such a trace. Microseconds are those of CPU that the thread
used, for other processes do not count; of the rounds the median is printed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import RunnableLambda
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import TracerProvider

from benchmarks.burst import be_undisturbed
from otel_mlflow.spans.current import current_span_state
from otel_mlflow.spans.records.folding import fold
from otel_mlflow.spans.trace import OpenTrace, SpanState, span_state
from otel_mlflow.testing import capture

ASKED = 500
"""How often the rule is asked in a round."""

Source = tuple[str, dict[str, Any]]
"""The scope of a span, and what it says."""

MLFLOW: Source = ("mlflow.openai", {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.message.format": '"openai"'})
OPENINFERENCE: Source = ("openinference.instrumentation.openai", {"openinference.span.kind": "LLM"})
TRACELOOP: Source = ("opentelemetry.instrumentation.openai", {"gen_ai.operation.name": "chat"})
PLAIN: Source = ("benchmark", {"step": 1})
TRACED_BY: dict[str, Sequence[Source]] = {
    "no model": (PLAIN,),
    "MLflow": (MLFLOW,),
    "OpenInference": (OPENINFERENCE,),
    "MLflow in OpenInference": (OPENINFERENCE, MLFLOW),
    "MLflow in OpenInference in Traceloop": (TRACELOOP, OPENINFERENCE, MLFLOW),
}
"""By whom each call is traced, the outermost first."""

tracer = trace_api.get_tracer("benchmark")
theirs = TracerProvider().get_tracer("theirs")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100, help="calls of a model in a trace (default: 100)")
    parser.add_argument("--rounds", type=int, default=50, help="rounds (default: 50)")
    arguments = parser.parse_args()
    be_undisturbed()
    with capture():
        _print_parents(arguments.rounds)
    with capture():
        _print_folding(arguments.calls, arguments.rounds)


def _print_parents(rounds: int) -> None:
    print(f"{'on the thread of the request, µs of CPU':<56}{'a look':>8}{'the rule':>10}{'a span':>8}")
    for name, place in PLACES.items():
        figures = _measured_at(place, rounds)
        print(f"{name:<56}{figures[0]:>8.2f}{figures[1]:>10.2f}{figures[2]:>8.1f}")


def _measured_at(place: Place, rounds: int) -> list[float]:
    """Microseconds of OpenTelemetry's look at the current span, of the rule of parents, and of a whole span."""
    found: list[list[float]] = []

    def measure() -> None:
        found.append([_microseconds(asked) for asked in (trace_api.get_current_span, current_span_state, _span)])

    for _ in range(rounds):
        with _discarded_trace():
            place(measure)
    return [statistics.median(column) for column in zip(*found, strict=True)]


@contextmanager
def _discarded_trace() -> Iterator[OpenTrace]:
    """A trace whose root is current, and of which nothing is left in memory for the next."""
    with tracer.start_as_current_span("root") as root:
        state = span_state(root)
        if state is None:
            raise TypeError(f"{root!r} is in no trace of ours: is OpenTelemetry's tracer provider another's?")
        yield state.trace
        state.trace.discard()


def _microseconds(asked: Callable[[], object]) -> float:
    begun = time.thread_time()
    for _ in range(ASKED):
        asked()
    return (time.thread_time() - begun) / ASKED * 1e6


def _span() -> None:
    tracer.start_span("step").end()


def _in_ours(measure: Callable[[], None]) -> None:
    measure()


def _in_a_generator(measure: Callable[[], None]) -> None:
    def steps() -> Iterator[None]:
        with tracer.start_as_current_span("generator"):
            measure()
            yield

    list(steps())


def _in_another_provider_s(measure: Callable[[], None]) -> None:
    with theirs.start_as_current_span("theirs"):
        measure()


def _in_a_run(measure: Callable[[], None]) -> None:
    def body(_: str) -> None:
        measure()

    RunnableLambda(body).invoke("")


Place = Callable[[Callable[[], None]], None]

PLACES: dict[str, Place] = {
    "one of ours is current (rule 1)": _in_ours,
    "… of a run of LangChain's (2)": _in_a_run,
    "… in a generator (3)": _in_a_generator,
    "one of another provider's (4)": _in_another_provider_s,
}


def _print_folding(calls: int, rounds: int) -> None:
    print(f"\n{f'on the thread of the writer, µs of CPU a span, {calls} calls':<56}{'folding':>8}{'in all':>10}")
    for name, sources in TRACED_BY.items():
        found = [(_per_span(sources, calls, fold), _per_span(sources, calls, _write)) for _ in range(rounds)]
        folding, in_all = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"{name:<56}{folding:>8.2f}{in_all:>10.1f}")


def _per_span(sources: Sequence[Source], calls: int, done: Callable[[OpenTrace, list[SpanState]], object]) -> float:
    """Microseconds that something takes with a fresh trace of so many calls, by span."""
    with _discarded_trace() as trace:
        for _ in range(calls):
            _call(sources)
        spans = list(trace.export.finished)
        begun = time.thread_time()
        done(trace, spans)
        taken = time.thread_time() - begun
    return taken / len(spans) * 1e6


def _call(sources: Sequence[Source]) -> None:
    (scope, said), *inner = sources
    with trace_api.get_tracer(scope).start_as_current_span("call", attributes=said):
        if inner:
            _call(inner)


def _write(trace: OpenTrace, spans: list[SpanState]) -> None:
    trace.owner.write(trace, spans, is_changed=False)


if __name__ == "__main__":
    main()
