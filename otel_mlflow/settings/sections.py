"""The sections of the settings: each key with its default, its meaning and what is allowed.

The words here are the ones in docs/settings.md and in the error messages.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import Self

from otel_mlflow.settings import defaults, values
from otel_mlflow.settings.problems import InvalidValuesError, problems_of, redacted_fields

Words = Annotated[list[str], BeforeValidator(values.listed)]
Names = Annotated[Words, AfterValidator(values.names)]
HeaderNames = Annotated[Words, AfterValidator(values.header_names)]
Regexes = Annotated[Words, AfterValidator(values.regexes)]
Mapping = Annotated[dict[str, str], BeforeValidator(values.mapped)]
HttpUrl = Annotated[str, AfterValidator(values.http_url)]
Urls = Annotated[Words, AfterValidator(values.http_urls)]
RunsMode = Annotated[Literal["off", "request"], BeforeValidator(values.switch)]
RunName = Annotated[str, AfterValidator(values.run_name)]
Hook = Annotated[str, AfterValidator(values.hook)]
Headers = Annotated[Mapping, AfterValidator(values.sendable)]
Number = Annotated[float, BeforeValidator(values.number)]
WholeNumber = Annotated[int, BeforeValidator(values.number)]
Folder = Annotated[Path, BeforeValidator(values.named_path), AfterValidator(values.folder)]


def setting(default: Any, meaning: str, allowed: str, *, secret: bool = False, **limits: Any) -> Any:
    """Declare one key. `limits` are pydantic's; a callable default is called when it is needed."""
    limits["default_factory" if callable(default) else "default"] = default
    return Field(description=meaning, json_schema_extra={"allowed": allowed, "secret": secret}, **limits)


class Section(BaseModel):
    """What all sections share: frozen, no unknown keys, and errors that say what is allowed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            # Not chained: pydantic's message repeats the value, which may be a secret.
            raise InvalidValuesError(problems_of(type(self), error)) from None

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return redacted_fields(self)


class TracingSettings(Section):
    """`tracing`: which requests are traced, and how much of them is recorded."""

    enabled: bool = setting(True, "Trace at all.", "true or false")
    backend: Literal["auto", "mlflow", "databricks", "otlp"] = setting(
        "auto",
        "Where traces go. `auto` follows `tracking_uri`; `otlp` sends them to the collector at `otlp.endpoint`.",
        "auto, mlflow, databricks or otlp",
    )
    sample_rate: Number = setting(
        1.0,
        "Share of requests kept, decided by trace id: every process comes to the same decision.",
        "a number from 0 to 1",
        ge=0,
        le=1,
    )
    keep_errors: bool = setting(True, "Failed requests are kept whatever the rate.", "true or false")
    keep_slower_than: Number | None = setting(
        None, "Seconds; slower requests are kept whatever the rate.", "a number of seconds above 0", gt=0
    )
    http_only_traces: Literal["keep", "drop"] = setting(
        "keep",
        "`drop`: a successful request in which nothing but HTTP happened leaves no trace, "
        "so that polling does not eat an experiment's quota.",
        "keep or drop",
    )
    capture_input_output: bool = setting(
        True, "`false`: no inputs, outputs or previews leave the process, on any span.", "true or false"
    )
    capture_model_config: bool = setting(
        True, "`false`: model parameters and tool schemas are stripped from LLM spans.", "true or false"
    )
    max_trace_depth: WholeNumber | None = setting(
        None,
        "Spans deeper than this are left out and counted on their nearest kept ancestor; the HTTP span is depth 1.",
        "a whole number from 1",
        ge=1,
    )
    max_content_bytes: WholeNumber = setting(
        65536,
        "Bytes kept of each input and each output; longer content is cut, and says so.",
        "a whole number of bytes from 64, the room for saying so",
        ge=64,
    )
    redact_keys: Names = setting(
        lambda: list(defaults.REDACT_KEYS),
        "Names whose values are replaced, at any depth of JSON, in query strings and in headers, on every span. "
        "`default` stands for the built-in vocabulary, in several languages. Case does not matter, `*` stands for "
        "anything, `_` for any separator or none. An empty list redacts by the shape of well-known tokens only.",
        "a list of names, or names between commas",
    )
    redact: Hook | None = setting(
        None,
        "A function of yours, called with each value that is about to leave, after our own redaction; what it answers "
        "leaves instead. If it fails, a text that says so does.",
        "module:function",
    )
    framework_spans: Literal["drop", "keep"] = setting(
        "drop", "`keep`: spans that the web framework opens about itself are shown too.", "drop or keep"
    )
    excluded_urls: Regexes = setting(
        lambda: list(defaults.EXCLUDED_URLS),
        "Requests whose URL one of these is found in are not traced.",
        "regular expressions: a list, or between commas",
    )
    incoming: Literal["join", "link", "ignore"] = setting(
        "join",
        "What an incoming `traceparent` means: the caller's trace is joined, linked to, or ignored.",
        "join, link or ignore",
    )
    caller_key: str | None = setting(
        None,
        "What services of one owner share: whose `tracestate` is signed with it is joined, if it traces into the same "
        "experiment. Without it any caller's request is a trace of its own.",
        "a secret of at least 16 characters, the same in all services",
        secret=True,
        min_length=16,
    )
    session_headers: HeaderNames = setting(
        list,
        "Request headers that name the trace's session: the first that is there. `current_trace().set_session()` wins.",
        "a list of header names, or names between commas",
    )
    user_headers: HeaderNames = setting(
        defaults.user_headers,
        "Request headers that name the trace's user: the first that is there. `current_trace().set_user()` wins. The "
        "default is X-Forwarded-Email inside Databricks Apps, and none elsewhere, where anybody could send it.",
        "a list of header names, or names between commas",
    )
    autolog: Words = setting(
        lambda: ["langchain"],
        "MLflow autolog flavours to enable when their library is installed; `auto`: all whose library is.",
        "auto, a list of MLflow flavours, or flavours between commas",
    )

    def load_redact(self) -> Callable[[Any], Any] | None:
        """Load the function of `redact`."""
        return values.load(self.redact) if self.redact else None


class RunsSettings(Section):
    """`runs`: one MLflow run per request, if wanted."""

    mode: RunsMode = setting("off", "`request`: one MLflow run per traced request.", "off or request")
    name: RunName = setting(
        "{route}", "Template for the run's name.", "text with {route}, {session_id} and {trace_id}", min_length=1
    )


class DeliverySettings(Section):
    """`delivery`: how finished traces wait for MLflow."""

    spool_dir: Folder = setting(
        defaults.spool_folder, "The folder where undelivered traces live; all workers of a host share it.", "a folder"
    )
    max_spool_bytes: WholeNumber = setting(
        512 * 1024 * 1024,
        "Bytes; beyond it the oldest undelivered traces go first, counted.",
        "a whole number of bytes above 0",
        gt=0,
    )
    shutdown_timeout: Number = setting(
        5.0, "Seconds spent delivering at shutdown; the rest stays spooled.", "a number of seconds from 0", ge=0
    )


with warnings.catch_warnings():
    # `schema` is the key's name; the method of that name is one that pydantic has deprecated.
    warnings.simplefilter("ignore", UserWarning)

    class UnityCatalogSettings(Section):
        """`unity_catalog`: on Databricks, store traces in Unity Catalog tables."""

        catalog: str | None = setting(
            None, "The catalog of the tables.", "a name, together with `schema`", min_length=1
        )
        schema: str | None = setting(  # type: ignore[assignment]
            None, "The schema of the tables.", "a name, together with `catalog`", min_length=1
        )
        table_prefix: str | None = setting(None, "What the tables' names begin with.", "a name", min_length=1)
        sql_warehouse_id: str | None = setting(
            None, "The SQL warehouse that searches the tables.", "a warehouse's id", min_length=1
        )

        @model_validator(mode="after")
        def _is_whole(self) -> Self:
            if bool(self.catalog) != bool(self.schema) or (self.table_prefix and not self.catalog):
                raise ValueError("names half a place: set both catalog and schema, or neither of them nor table_prefix")
            return self


class OtlpSettings(Section):
    """`otlp`: the collector that `tracing.backend: otlp` sends to."""

    endpoint: HttpUrl | None = setting(None, "The collector's address for traces.", "an http:// or https:// URL")
    headers: Headers = setting(
        dict, "Headers sent with every request to it.", "a mapping, or name=value between commas", secret=True
    )
    sampled: bool = setting(
        False,
        "The collector, or one behind it, leaves traces out: trace info, runs and feedback of a trace that MLflow "
        "never gets are no loss, and feedback asks the collector to keep its trace.",
        "true or false",
    )
    monitor: Urls = setting(
        list,
        "Addresses of the Collectors' own metrics, which the doctor and the dashboard ask how each is: its queue, what "
        "it has refused, dropped and left out.",
        "a list of http:// or https:// URLs, or URLs between commas",
    )


class OpsSettings(Section):
    """`ops`: what the dashboard and the report measure by."""

    error_objective: Number = setting(
        defaults.ERROR_OBJECTIVE,
        "The share of requests that is to succeed: what the error budget is counted from.",
        "a number above 0 and below 1",
        gt=0,
        lt=1,
    )
