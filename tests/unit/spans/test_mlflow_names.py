"""MLflow's names, written out because importing them costs what importing MLflow costs."""

from __future__ import annotations

from mlflow.tracing.constant import (
    MAX_CHARS_IN_TRACE_INFO_TAGS_KEY,
    MAX_CHARS_IN_TRACE_INFO_TAGS_VALUE,
    TRACE_SCHEMA_VERSION,
    TRACE_SCHEMA_VERSION_KEY,
    SpanAttributeKey,
    TraceMetadataKey,
    TraceTagKey,
)

from otel_mlflow import mlflow_names
from otel_mlflow.spans.records import trace_info as record


def test_attributes_of_spans_are_mlflow_s() -> None:
    """What a server reads inputs, outputs, types, sessions and users from."""
    assert mlflow_names.TRACE_REQUEST_ID == SpanAttributeKey.REQUEST_ID
    assert mlflow_names.SPAN_INPUTS == SpanAttributeKey.INPUTS
    assert mlflow_names.SPAN_OUTPUTS == SpanAttributeKey.OUTPUTS
    assert mlflow_names.SPAN_TYPE == SpanAttributeKey.SPAN_TYPE
    assert mlflow_names.EXPERIMENT_ID == SpanAttributeKey.EXPERIMENT_ID
    assert mlflow_names.CHAT_USAGE == SpanAttributeKey.CHAT_USAGE
    assert mlflow_names.TRACE_USAGE == TraceMetadataKey.TOKEN_USAGE
    assert mlflow_names.SESSION_ID == "session.id"
    assert mlflow_names.USER_ID == "user.id"


def test_tags_and_metadata_of_traces_are_mlflow_s() -> None:
    """What the UI shows and groups by."""
    assert mlflow_names.TRACE_NAME == TraceTagKey.TRACE_NAME
    assert mlflow_names.TRACE_SESSION == TraceMetadataKey.TRACE_SESSION
    assert mlflow_names.TRACE_USER == TraceMetadataKey.TRACE_USER
    assert mlflow_names.LINKED_PROMPTS == TraceTagKey.LINKED_PROMPTS
    assert mlflow_names.EVAL_REQUEST_ID == TraceTagKey.EVAL_REQUEST_ID
    assert mlflow_names.MODEL_ID == TraceMetadataKey.MODEL_ID
    assert mlflow_names.SOURCE_RUN == TraceMetadataKey.SOURCE_RUN
    assert mlflow_names.TRACE_SCHEMA_VERSION == TRACE_SCHEMA_VERSION_KEY


def test_limits_and_versions_are_mlflow_s() -> None:
    """A tag that is longer would be refused."""
    assert str(TRACE_SCHEMA_VERSION) == record.SCHEMA_VERSION
    assert record.MAX_TAG_KEY <= MAX_CHARS_IN_TRACE_INFO_TAGS_KEY
    assert record.MAX_TAG_VALUE <= MAX_CHARS_IN_TRACE_INFO_TAGS_VALUE


def test_every_name_is_compared() -> None:
    """One that is added here is added above."""
    assert {name for name in vars(mlflow_names) if name.isupper()} == {
        "CHAT_USAGE",
        "EVAL_REQUEST_ID",
        "EXPERIMENT_ID",
        "LINKED_PROMPTS",
        "MODEL_ID",
        "SESSION_ID",
        "SOURCE_RUN",
        "SPAN_INPUTS",
        "SPAN_OUTPUTS",
        "SPAN_TYPE",
        "TRACE_NAME",
        "TRACE_REQUEST_ID",
        "TRACE_SCHEMA_VERSION",
        "TRACE_SESSION",
        "TRACE_USAGE",
        "TRACE_USER",
        "USER_ID",
    }
