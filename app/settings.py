"""What can be set about the app itself: config/app.yaml and config/prompts.yaml, or the environment under SLIDES_."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource
from typing_extensions import Self

CONFIG = Path(__file__).resolve().parents[1] / "config"
Source = Literal["embedded", "databricks"]
ChatClient = Literal["auto", "databricks-langchain", "httpx"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Prompts(_Section):
    """What the model is told."""

    task: str
    """Its job; `{max_slides}` stands for the most slides that the person wants."""
    deck: str
    """What is added when there is a deck already; `{deck}` stands for its document."""

    @field_validator("task")
    @classmethod
    def _names_the_limit(cls, task: str) -> str:
        if "{max_slides}" not in task:
            raise ValueError("the task must say {max_slides} somewhere, or no deck would keep to its limit")
        return task

    @field_validator("deck")
    @classmethod
    def _shows_the_deck(cls, deck: str) -> str:
        if "{deck}" not in deck:
            raise ValueError("this must say {deck} somewhere, or the model could not see the deck that it is to change")
        return deck


def _has_chat_databricks() -> bool:
    return find_spec("databricks_langchain") is not None


SpaceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class DatabricksSettings(_Section):
    """Where in the workspace; the workspace itself and the credentials are those of the traces."""

    serving_endpoint: str = ""
    """The model serving endpoint of a chat model that can call tools."""
    chat_client: ChatClient = "auto"
    """What the endpoint is asked with: `ChatDatabricks` of databricks-langchain, which the extra `databricks-chat`
    installs, or httpx alone; `auto`: the former where it is installed."""
    temperature: float | None = Field(default=None, ge=0)
    """How varied its answers are; without it the endpoint decides."""
    max_tokens: int | None = Field(default=None, ge=1)
    """The most tokens of an answer; without it the endpoint's own limit holds."""
    timeout: float = Field(default=180.0, gt=0)
    """How many seconds an answer may take to begin, and to go on."""
    max_retries: int = Field(default=5, ge=0)
    """How many times an endpoint that is busy is asked again, within half a minute in all."""
    genie_space_id: str = ""
    """The Genie space that knows the data."""
    genie_spaces: dict[SpaceName, str] = Field(default_factory=dict)
    """Several spaces instead, by names of your own; the model is offered each under what it says of itself."""
    on_behalf_of_user: bool = False
    """Whether model and Genie are asked as the person whose token the proxy of Databricks Apps forwards."""

    @property
    def uses_chat_databricks(self) -> bool:
        """Whether the endpoint is asked with `ChatDatabricks`."""
        return self.chat_client == "databricks-langchain" or (self.chat_client == "auto" and _has_chat_databricks())


def default_database() -> Path:
    """In the user's state folder, as the XDG base directories have it."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "slide-agent" / "slides.db"


class AppSettings(BaseSettings):
    """The app's settings. Raises pydantic's `ValidationError`, which names the key, for anything that cannot be."""

    model_config = SettingsConfigDict(
        env_prefix="SLIDES_",
        env_nested_delimiter="__",
        yaml_file=[CONFIG / "app.yaml", CONFIG / "prompts.yaml"],
        yaml_file_encoding="utf-8",
        extra="forbid",
        frozen=True,
    )

    prompts: Prompts
    model: Source = "embedded"
    """The chat model: rules in this process, or an endpoint of Databricks model serving."""
    data: Source = "embedded"
    """The data: a made-up table in this process, or a Databricks Genie space."""
    databricks: DatabricksSettings = DatabricksSettings()
    database: Path = Field(default_factory=default_database)
    """The SQLite file with sessions, decks and jobs; all workers share it."""
    jobs_at_once: int = Field(default=64, ge=1)
    """How many turns that are jobs, ordered or streamed, a worker works on side by side."""
    heartbeat_seconds: float = Field(default=15.0, gt=0)
    """How long a stream may be silent before a comment keeps it open."""
    follow_seconds: float = Field(default=25.0, gt=0)
    """How long one answer of /api/chat/events lasts: shorter than proxies allow; clients ask for what follows."""
    ops_token: SecretStr = SecretStr("")
    """What opens the dashboard at /ops; without one it is served to this machine alone."""
    user_experiment: str = ""
    """With `{user}` in it: the experiment of each user's own; empty: one experiment for all."""

    @property
    def mode(self) -> str:
        """What answers, as `metadata.mode` and the page say it."""
        return self.model if self.model == self.data else f"{self.model} model, {self.data} data"

    @field_validator("user_experiment")
    @classmethod
    def _names_the_user(cls, experiment: str) -> str:
        if experiment and "{user}" not in experiment:
            raise ValueError("user_experiment must say {user} somewhere; for one experiment see config/mlflow.yaml")
        return experiment

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        own = self.databricks
        needed = (
            ("model", "serving_endpoint", own.serving_endpoint),
            ("data", "genie_space_id", own.genie_space_id or own.genie_spaces),
        )
        for what, where, value in needed:
            if getattr(self, what) == "databricks" and not value:
                raise ValueError(
                    f"{what} is databricks: set databricks.{where} (SLIDES_DATABRICKS__{where.upper()}) too"
                )
        return self

    @model_validator(mode="after")
    def _has_the_client(self) -> Self:
        if self.databricks.uses_chat_databricks and not _has_chat_databricks():
            raise ValueError(
                "databricks.chat_client is databricks-langchain, which is not installed: install the extra"
                " databricks-chat (pip install --require-hashes -r requirements/databricks-chat.txt), or set httpx"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the files."""
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)
