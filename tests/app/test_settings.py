"""The app's own settings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.settings import AppSettings


def test_the_bundled_settings_are_valid() -> None:
    """config/app.yaml holds a prompt that names the limit."""
    assert "{max_slides}" in AppSettings().prompt


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """SLIDES_PROMPT replaces the prompt."""
    monkeypatch.setenv("SLIDES_PROMPT", "At most {max_slides} slides.")
    assert AppSettings().prompt == "At most {max_slides} slides."


def test_a_prompt_without_the_limit_is_refused() -> None:
    """The error says what is missing and why."""
    with pytest.raises(ValidationError, match="no deck would keep to its limit"):
        AppSettings(prompt="Write slides.")


def test_an_unknown_setting_is_refused() -> None:
    """A misspelt key is not ignored."""
    with pytest.raises(ValidationError, match="promt"):
        AppSettings(prompt="{max_slides}", promt="{max_slides}")  # type: ignore[call-arg]
