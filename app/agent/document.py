"""Findings become slides, and slides one HTML document: `div.slide`, 1280×720 each. Pure.

A slide that shows a finding holds what it was made from in data attributes, so that it can be drawn anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.agent.charts import ChartKind, chart, fitting
from app.agent.finding import Finding

SOURCE = "Example Roastery, synthetic data"
# A title of more letters takes more than two lines in full size, and the room of the chart.
_LONG_TITLE = 120
CSS = """
body { margin: 0; background: #e8ecef; font-family: system-ui, sans-serif; color: #1f2a30; }
.slide { box-sizing: border-box; position: relative; width: 1280px; height: 720px; padding: 56px 72px;
         background: #fff; display: flex; flex-direction: column; margin: 0 auto 24px; overflow: hidden; }
.slide::before { content: ""; position: absolute; left: 0; top: 0; bottom: 0; width: 12px; background: #2f6f8f; }
.slide h1 { font-size: 56px; line-height: 1.1; margin: auto 0 20px; letter-spacing: -0.01em; }
.slide h2 { font-size: 38px; line-height: 1.15; margin: 0 0 28px; letter-spacing: -0.01em; }
.slide h2.long { font-size: 26px; }
.slide .columns { display: flex; flex: 1; gap: 44px; min-height: 0; }
.slide svg { flex: 0 0 760px; }
.slide ul { margin: 0; padding-left: 24px; }
.slide .columns ul { align-self: center; }
.slide li { font-size: 24px; line-height: 1.35; margin-bottom: 14px; }
.slide .lead { font-size: 28px; line-height: 1.35; margin: 0 0 16px; color: #5b6770; }
.slide .note { font-size: 20px; line-height: 1.35; margin: 0 0 8px; color: #5b6770; }
.slide .source { font-size: 16px; color: #5b6770; margin: auto 0 0; padding-top: 12px; }
""".strip()


def write(
    question: str,
    findings: Sequence[Finding],
    max_slides: int,
    *,
    notes: Sequence[str] = (),
    kind: ChartKind | None = None,
) -> str:
    """The deck: findings first; a summary and a cover where there is room for them.

    `notes` say how the question was read, on the cover; `kind` is the chart that was asked for, for the first finding.
    """
    slides = [finding_slide(one, kind if one is findings[0] else None) for one in findings[:max_slides]]
    if len(findings) > 1 and len(slides) < max_slides:
        slides.append(summary_slide([finding.title for finding in findings]))
    if len(slides) < max_slides:
        slides.insert(0, cover_slide(question, findings[0], notes))
    title = escape(findings[0].title)
    body = "\n".join(slides)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>\n{CSS}\n</style></head>\n<body>\n{body}\n</body>\n</html>"
    )


def finding_slide(finding: Finding, kind: ChartKind | None = None) -> str:
    """A slide with a chart, and what the chart says in words."""
    insight = finding.insight
    kind = kind or fitting(insight.view)
    drawn = f'<div class="columns">{chart(insight.view, kind)}{_list(insight.remarks)}</div>'
    made_from = (
        f' data-query="{escape(finding.asked.in_words())}" data-rows="{escape(finding.table.as_csv())}"'
        f' data-chart="{kind}"'
    )
    size = ' class="long"' if len(finding.title) > _LONG_TITLE else ""
    return _slide("finding", f"<h2{size}>{escape(finding.title)}</h2>\n{drawn}\n{_source()}", made_from)


def summary_slide(titles: Sequence[str]) -> str:
    """All findings on one slide."""
    return _slide("summary", f"<h2>In short</h2>\n{_list(titles)}\n{_source()}")


def cover_slide(question: str, main: Finding, notes: Sequence[str] = ()) -> str:
    """What the deck is about, what was asked, and how that was read."""
    said = f'<h1>{escape(main.topic)}</h1>\n<p class="lead">{escape(main.title)}</p>'
    quoted = f'<p class="lead">“{escape(question)}”</p>'
    read_as = "".join(f'\n<p class="note">{escape(note)}</p>' for note in notes)
    return _slide("cover", f"{said}\n{quoted}{read_as}\n{_source()}")


def _slide(kind: str, content: str, made_from: str = "") -> str:
    return f'<div class="slide" data-kind="{kind}"{made_from}>\n{content}\n</div>'


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _source() -> str:
    return f'<p class="source">Source: {SOURCE}</p>'
