"""`Settings`: all that can be set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, PrivateAttr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import Self

from otel_mlflow.settings import values
from otel_mlflow.settings.problems import InvalidValuesError, Problem, from_where, problems_of, redacted_fields
from otel_mlflow.settings.sections import (
    DeliverySettings,
    Mapping,
    OpsSettings,
    OtlpSettings,
    RunsSettings,
    Section,
    TracingSettings,
    UnityCatalogSettings,
    setting,
)
from otel_mlflow.settings.sources import Layer, find

TrackingUri = Annotated[str, AfterValidator(values.tracking_uri)]


class Settings(BaseSettings):
    """Everything that can be set; docs/settings.md has the table.

    What is not given here comes from the environment (`OTEL_MLFLOW_` and the key, nested by `__`), then from the
    YAML file (`OTEL_MLFLOW_CONFIG`, or config/mlflow.yaml if it exists), then from the defaults. That holds for each
    key of a section too: `Settings(tracing={"sample_rate": 0.1})` leaves the other keys of `tracing` to the rest.

    Raises `SettingsError` for an unknown key, a value out of range or an unreadable file.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", coerce_numbers_to_str=True, str_strip_whitespace=True, validate_default=False
    )

    tracking_uri: TrackingUri | None = setting(
        None,
        "Where MLflow is. Not set: MLflow's own default.",
        "databricks, databricks://profile, http(s)://…, sqlite:///… or another of MLflow's stores",
        min_length=1,
    )
    experiment_name: str | None = setting(
        None, "The experiment of the traces, created if missing. Not set: the service name.", "a name", min_length=1
    )
    experiment_id: str | None = setting(None, "The same by id, for one that exists.", "an id", min_length=1)
    workspace: str | None = setting(
        None,
        "The workspace of an MLflow server that has several. Not set: the server's default.",
        "a name",
        min_length=1,
    )
    service_name: str | None = setting(
        None, "OpenTelemetry's `service.name`. Not set: the app's title.", "a name", min_length=1
    )
    strict: bool = setting(False, "Raise at start-up instead of running degraded.", "true or false")
    freeze_heap: bool = setting(
        False,
        "Keep what lives at start-up out of full garbage collections (`gc.freeze`) until shutdown: shorter stalls of "
        "the event loop; cycles of the application's from before then are not collected.",
        "true or false",
    )
    default_tags: Mapping = setting(
        dict, "Tags put on every trace and run.", "a mapping of texts, or name=value between commas"
    )
    tracing: TracingSettings = setting(TracingSettings, "", "")
    runs: RunsSettings = setting(RunsSettings, "", "")
    delivery: DeliverySettings = setting(DeliverySettings, "", "")
    unity_catalog: UnityCatalogSettings = setting(UnityCatalogSettings, "", "")
    otlp: OtlpSettings = setting(OtlpSettings, "", "")
    ops: OpsSettings = setting(OpsSettings, "", "")

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, *, _config_file: str | Path | None = None, **given: Any) -> None:
        found = find(keys(), given, os.environ, _config_file)
        try:
            super().__init__(**nested(found))
        except ValidationError as error:
            # Not chained: pydantic's message repeats the value, which may be a secret.
            raise from_where(problems_of(type(self), error, keys()), lambda key: origin(found, key)) from None
        self._sources = {key: found[key].origin if key in found else "default" for key in keys()}

    @classmethod
    def load(cls, path: str | Path | None = None) -> Self:
        """Read the settings from the environment and the YAML file at `path`; without one, from the usual file."""
        return cls(_config_file=path)

    @property
    def sources(self) -> dict[str, str]:
        """Dotted key → where its value came from: `argument`, `environment NAME`, `file PATH` or `default`."""
        return dict(self._sources)

    def redacted(self) -> dict[str, Any]:
        """Dotted key → its value as it may be shown to anybody, secrets masked."""
        flat: dict[str, Any] = {}
        for name, value in redacted_fields(self):
            parts = redacted_fields(value) if isinstance(value, Section) else [(None, value)]
            flat |= {f"{name}.{part}" if part else f"{name}": item for part, item in parts}
        return flat

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [(key, value) for key, value in self.redacted().items() if self._sources.get(key) != "default"]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave pydantic-settings one source: `sources.find` has merged them, and knows where each value was."""
        return (init_settings,)

    @model_validator(mode="after")
    def _knows_its_collector(self) -> Self:
        if self.tracing.backend == "otlp" and not self.otlp.endpoint:
            words = "is 'otlp', and otlp.endpoint is not set; set otlp.endpoint to the collector's address"
            raise InvalidValuesError([Problem("tracing.backend", words)])
        return self


def keys() -> tuple[str, ...]:
    """List every key there is, dotted, in the order of the documentation."""
    return tuple(key for name in Settings.model_fields for key in _keys_of_field(name))


def _keys_of_field(name: str) -> list[str]:
    annotation = Settings.model_fields[name].annotation
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [f"{name}.{part}" for part in annotation.model_fields]
    return [name]


def nested(found: Layer) -> dict[str, Any]:
    """Turn dotted keys into pydantic's nested values."""
    tree: dict[str, Any] = {}
    for key, (value, _) in found.items():
        section, separator, name = key.partition(".")
        if separator:
            tree.setdefault(section, {})[name] = value
        else:
            tree[key] = value
    return tree


def origin(found: Layer, key: str) -> str:
    """Say where the value of a key, or of some key of a section, came from."""
    return next((item.origin for name, item in found.items() if name == key or name.startswith(f"{key}.")), "settings")
