"""Findings become one HTML document: `div.slide`, 1280×720 each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from app.agent.charts import chart
from app.agent.findings import headline, remarks
from app.agent.series import Series
from app.data.vocabulary import Reading

SOURCE = "Example Roastery, synthetic data"
CSS = """
body { margin: 0; background: #e8ecef; font-family: system-ui, sans-serif; color: #1f2a30; }
.slide { box-sizing: border-box; width: 1280px; height: 720px; padding: 56px 72px; background: #fff;
         display: flex; flex-direction: column; margin: 0 auto 24px; overflow: hidden; }
.slide h1 { font-size: 54px; margin: auto 0 16px; }
.slide h2 { font-size: 38px; margin: 0 0 24px; }
.slide .columns { display: flex; flex: 1; gap: 40px; min-height: 0; }
.slide svg { flex: 0 0 760px; }
.slide li { font-size: 24px; line-height: 1.4; margin-bottom: 12px; }
.slide .lead { font-size: 28px; margin: 0 0 16px; color: #5b6770; }
.slide .source { font-size: 16px; color: #5b6770; margin: auto 0 0; }
""".strip()


@dataclass(frozen=True)
class Finding:
    """One answered question: what was asked, and the rows."""

    asked: Reading
    series: Series

    @property
    def topic(self) -> str:
        """What it is about, without the finding."""
        words = self.asked.in_words()
        return words[:1].upper() + words[1:]

    @property
    def title(self) -> str:
        """What the rows say, and of which part of the data; a course over time names its time itself."""
        return headline(self.series) + (self.asked.where() if self.series.is_over_time else self.asked.scope())


def write(question: str, findings: Sequence[Finding], max_slides: int) -> str:
    """The deck: findings first; a summary and a cover where there is room for them."""
    slides = [_finding(finding) for finding in findings[:max_slides]]
    if len(findings) > 1 and len(slides) < max_slides:
        slides.append(_summary(findings))
    if len(slides) < max_slides:
        slides.insert(0, _cover(question, findings[0]))
    title = escape(findings[0].title)
    body = "\n".join(slides)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>\n{CSS}\n</style></head>\n<body>\n{body}\n</body>\n</html>"
    )


def _cover(question: str, main: Finding) -> str:
    said = f'<h1>{escape(main.topic)}</h1>\n<p class="lead">{escape(main.title)}</p>'
    return _slide(f'{said}\n<p class="lead">“{escape(question)}”</p>\n{_source()}')


def _finding(finding: Finding) -> str:
    said = f'<div class="columns">{chart(finding.series)}{_list(remarks(finding.series))}</div>'
    return _slide(f"<h2>{escape(finding.title)}</h2>\n{said}\n{_source()}")


def _summary(findings: Sequence[Finding]) -> str:
    return _slide(f"<h2>In short</h2>\n{_list([finding.title for finding in findings])}\n{_source()}")


def _slide(content: str) -> str:
    return f'<div class="slide">\n{content}\n</div>'


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _source() -> str:
    return f'<p class="source">Source: {SOURCE}</p>'
