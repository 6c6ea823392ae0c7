"""Draws docs/images/trace.svg: the trace of one answer of the slide agent, as it really was.

`python -m tests.manual.trace_picture` asks the agent a question, captures the trace in memory and writes the picture.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.testclient import TestClient

import otel_mlflow
from app.application import create_app
from app.settings import AppSettings
from otel_mlflow.testing import capture
from tests.manual.markdown import ROOT

if TYPE_CHECKING:
    from mlflow.entities import Span, Trace

PICTURE = ROOT / "docs" / "images" / "trace.svg"
QUESTION = "How did revenue develop by region in 2024?"

WIDTH, ROW, MARGIN = 960, 26, 16
INDENT = 20
"""Of a span below its parent."""
BARS = 470
"""Where the time axis begins."""
KINDS = {"AGENT": "agent", "CHAT_MODEL": "model", "TOOL": "tool"}
STYLE = """
  .ground { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
  .note { fill: #59636e; font-size: 12px }
  .line { stroke: #d0d7de }
  .other { fill: #8c959f } .root { fill: #1f2328 }
  .agent { fill: #8250df } .model { fill: #0969da } .tool { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d }
    text { fill: #e6edf3 } .note { fill: #9198a1 } .line { stroke: #3d444d }
    .other { fill: #6e7681 } .root { fill: #e6edf3 }
    .agent { fill: #a371f7 } .model { fill: #4493f8 } .tool { fill: #3fb950 }
  }
"""


def traced_answer(folder: Path) -> Trace:
    """Ask the slide agent twice, as Ada; the trace of the second answer, for which everything is imported."""
    app = create_app(
        AppSettings(database=folder / "slides.db"),
        otel_mlflow.Settings(
            # Nothing listens there: the trace is captured, and goes nowhere.
            tracking_uri="http://127.0.0.1:9",
            delivery={"spool_dir": folder / "spool", "shutdown_timeout": 0},
        ),
    )
    with capture() as traces, TestClient(app) as client:
        for _ in range(2):
            client.post("/api/chat", json={"message": QUESTION}).raise_for_status()
        trace = traces[-1]
    otel_mlflow.uninstrument(app)
    return trace


def in_order(trace: Trace) -> Iterator[tuple[int, Span]]:
    """The spans with their depths, each below its parent, as they began."""
    yield from _below(None, 0, sorted(trace.data.spans, key=lambda span: span.start_time_ns))


def _below(parent: str | None, depth: int, spans: list[Span]) -> Iterator[tuple[int, Span]]:
    for span in spans:
        if span.parent_id == parent:
            yield depth, span
            yield from _below(span.span_id, depth + 1, spans)


def drawn(trace: Trace) -> str:
    """The picture as SVG, in the colours that the reader's system prefers."""
    rows = list(in_order(trace))
    height = MARGIN * 2 + ROW * (len(rows) + 1)
    start, end = rows[0][1].start_time_ns, max(_ended(span) for _, span in rows)
    lines = [_row(number, depth, span, start, end) for number, (depth, span) in enumerate(rows)]
    label = f"The trace of one request: {len(rows)} spans as a tree, with their times"
    box = f'viewBox="0 0 {WIDTH} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{label}">',
            f"<style>{STYLE}</style>",
            f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            *lines,
            f'<text class="note" x="{MARGIN}" y="{height - MARGIN}">{_caption(trace, rows)}</text>',
            "</svg>\n",
        ]
    )


def _row(number: int, depth: int, span: Span, start: int, end: int) -> str:
    left, baseline = MARGIN + depth * INDENT, MARGIN + ROW * number + 16
    scale = (WIDTH - BARS - MARGIN - 70) / (end - start)
    begins, length = BARS + (span.start_time_ns - start) * scale, max(2.0, (_ended(span) - span.start_time_ns) * scale)
    elbow = f'<path class="line" fill="none" d="M{left - 12} {baseline - 18}v14h8"/>' if depth else ""
    kind = "root" if depth == 0 else KINDS.get(span.span_type, "other")
    return (
        f'{elbow}<text x="{left}" y="{baseline}" data-depth="{depth}">{escape(span.name)}</text>'
        f'<rect class="{kind}" x="{begins:.1f}" y="{baseline - 11}" width="{length:.1f}" height="13" rx="2"/>'
        f'<text class="note" x="{begins + length + 6:.1f}" y="{baseline}">{_milliseconds(span)}{_tokens(span)}</text>'
    )


def _caption(trace: Trace, rows: list[tuple[int, Span]]) -> str:
    tags = trace.info.tags
    return escape(f"{len(rows)} spans, one trace · {tags['http.status_code']} · outcome {tags['otel_mlflow.outcome']}")


def _milliseconds(span: Span) -> str:
    return f"{(_ended(span) - span.start_time_ns) / 1e6:.0f} ms"


def _tokens(span: Span) -> str:
    usage = span.get_attribute("mlflow.chat.tokenUsage") if span.span_type == "CHAT_MODEL" else None
    return f" · {usage['total_tokens']} tokens" if usage else ""


def _ended(span: Span) -> int:
    return span.end_time_ns or span.start_time_ns


def main() -> None:
    """Draw it anew, into the file named or where it is kept."""
    picture = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    with tempfile.TemporaryDirectory() as folder:
        picture.write_text(drawn(traced_answer(Path(folder))), encoding="utf-8")


if __name__ == "__main__":
    main()
