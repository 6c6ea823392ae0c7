"""What can be set about the app itself; config/app.yaml, or the environment under SLIDES_."""

from __future__ import annotations

from pathlib import Path

from pydantic import field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

CONFIG = Path(__file__).resolve().parents[1] / "config"


class AppSettings(BaseSettings):
    """The app's settings. Raises pydantic's `ValidationError`, which names the key, for anything that cannot be."""

    model_config = SettingsConfigDict(
        env_prefix="SLIDES_", yaml_file=CONFIG / "app.yaml", yaml_file_encoding="utf-8", extra="forbid", frozen=True
    )

    prompt: str
    """What the model is told about its job; `{max_slides}` stands for the most slides that the person wants."""

    @field_validator("prompt")
    @classmethod
    def _names_the_limit(cls, prompt: str) -> str:
        if "{max_slides}" not in prompt:
            raise ValueError("the prompt must say {max_slides} somewhere, or no deck would keep to its limit")
        return prompt

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the file."""
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)
