"""What a terminal is shown."""

from __future__ import annotations

import pytest

from otel_mlflow.commands import terminal


@pytest.mark.parametrize("with_rich", [True, False])
def test_nothing_in_a_cell_steers_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], with_rich: bool
) -> None:
    """The name of a trace is anybody's: escapes, bells and what turns text around are written out."""
    monkeypatch.setattr(terminal, "has_rich", lambda: with_rich)
    terminal.table("Routes", ("route",), [["GET /\x1b[31m\x07\u202e Zürich 東京"]])
    shown = capsys.readouterr().out
    assert "GET /\\x1b[31m\\x07\\u202e Zürich 東京" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_lines_stay() -> None:
    """An answer of several lines is readable."""
    assert terminal.printable("one\ntwo\rthree") == "one\ntwo\\rthree"
