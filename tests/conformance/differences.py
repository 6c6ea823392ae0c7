"""Where a trace in an instrumented application is meant to be otherwise than with MLflow alone, and why."""

from __future__ import annotations

from typing import Any

ALWAYS = {
    "previews": "a request's trace shows the request and its answer, not the first span's inputs and outputs",
    "client_request_ids": "a request has an id; spans alone have none",
}
"""Fields of every trace."""

TAGS = ("http.", "otel.", "otel_mlflow.", "service.name", "request_id", "mlflow.traceName")
"""Tags that a request's trace has besides: it is named after its route."""

METADATA = (
    *("mlflow.traceInputs", "mlflow.traceOutputs", "mlflow.trace.size", "mlflow.trace.tokenUsage"),
    *("mlflow.trace.infoFinalized", "mlflow.trace_schema.version"),
)
"""Metadata that MLflow's client works out for old servers, and its servers from the spans; and what a server notes of a
trace's info, which is sent where somebody has said what OTLP cannot carry."""

OF_STATE = "a request that was answered is OK, whatever a span in it says; user code's word for the trace counts first"

MEANT: dict[tuple[str, str], str] = {
    ("all_that_a_span_says", "state"): OF_STATE,
    ("exceptions_are_recorded", "state"): OF_STATE,
    ("decorated_functions", "state"): OF_STATE,
    ("all_that_a_span_says", "spans"): "an attribute without a value is not sent: OTLP has no null",
    ("finished_traces_are_found", "answer"): "the request's trace is in the store when the request is over",
    ("a_destination_below_a_span_is_ignored", "spans"): "MLflow alone warns, stumbles over the span and loses it",
    ("a_trace_is_added_to_none", "spans"): "the request's span is the active one, and takes the trace",
}
"""Scenario and field → why they differ."""

IN_SOME_VERSIONS: dict[tuple[str, str], str] = {
    ("a_prompt_is_linked", "spans"): "from 3.18 on, text that is JSON arrives as what it stands for",
    **dict.fromkeys(
        (("a_destination_below_a_span_is_ignored", field) for field in ("experiments", "state")),
        "up to 3.12 or later, MLflow alone loses the whole trace with the span",
    ),
}
"""Scenario and field → why they differ with some versions of MLflow."""

NOT_TRIED = {
    "mlflow.tracing.set_databricks_monitoring_sql_warehouse_id": "of Databricks alone",
    "mlflow.tracing.set_experiment_trace_location": "of Databricks alone",
    "mlflow.tracing.unset_experiment_trace_location": "of Databricks alone",
    "mlflow.tracing.disable_notebook_display": "of notebooks alone",
    "mlflow.tracing.enable_notebook_display": "of notebooks alone",
    "mlflow.log_trace": "deprecated, and made of start_span_no_context",
    "mlflow.context": "another name of mlflow.tracing.context",
    "LiveSpan.from_dict": "raises, or makes a span that is in no trace",
    "LiveSpan.from_dict_v2": "makes a span that is in no trace",
    "LiveSpan.from_otel_proto": "makes a span that is in no trace",
    **dict.fromkeys(
        (
            *("mlflow.search_sessions", "mlflow.get_assessment", "mlflow.log_assessment", "mlflow.log_issue"),
            *("mlflow.override_feedback", "mlflow.update_assessment", "mlflow.delete_assessment"),
            *("MlflowClient.delete_traces", "MlflowClient.link_traces_to_run", "MlflowClient.unlink_traces_from_run"),
            "MlflowClient.link_prompt_versions_to_trace",
        ),
        "asks the store and looks into no open trace, but for what log_feedback is tried for",
    ),
}
"""Public functions that no scenario tries, and why."""


def comparable(field: str, said: Any) -> Any:
    """What is compared of a field."""
    without = {"tags": TAGS, "metadata": METADATA}.get(field)
    return {key: value for key, value in said.items() if not key.startswith(without)} if without else said
