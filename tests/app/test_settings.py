"""The app's own settings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.settings import AppSettings

PROMPTS = {"task": "At most {max_slides} slides.", "deck": "Now: {deck}"}


def test_the_bundled_settings_are_valid() -> None:
    """config/ holds prompts with their places, and what needs no network."""
    settings = AppSettings()
    assert "{max_slides}" in settings.prompts.task
    assert "{deck}" in settings.prompts.deck
    assert settings.mode == "embedded"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """SLIDES_PROMPTS__TASK replaces one prompt."""
    monkeypatch.setenv("SLIDES_PROMPTS__TASK", "At most {max_slides} slides.")
    assert AppSettings().prompts.task == "At most {max_slides} slides."


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prompts": {**PROMPTS, "task": "Write."}}, "no deck would keep to its limit"),
        ({"prompts": {**PROMPTS, "deck": "There is one."}}, "the model could not see the deck"),
        ({"promt": "Write."}, "promt"),
        ({"model": "clever"}, "'embedded' or 'databricks'"),
        ({"model": "databricks"}, "SLIDES_DATABRICKS__SERVING_ENDPOINT"),
        ({"data": "databricks"}, "SLIDES_DATABRICKS__GENIE_SPACE_ID"),
        ({"databricks": {"genie_spaces": {"My Space": "01ef"}}}, "should match pattern"),
        ({"databricks": {"chat_client": "databricks-langchain"}}, "install the extra databricks-chat"),
        ({"user_experiment": "ours"}, "must say {user}"),
        ({"jobs_at_once": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    """The error names the key and what it wants."""
    with pytest.raises(ValidationError, match=said):
        AppSettings(**wrong)  # type: ignore[arg-type]


def test_the_mode_is_honest_about_both_sources() -> None:
    """A model of one kind over data of another says so."""
    mixed = AppSettings(model="databricks", databricks={"serving_endpoint": "chat"})
    assert mixed.mode == "databricks model, embedded data"
