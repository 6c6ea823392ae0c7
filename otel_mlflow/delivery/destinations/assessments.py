"""Feedback over MLflow's REST API, which a tracking server and Databricks have in common."""

from __future__ import annotations

from otel_mlflow.backends.http import HttpClient, error_for
from otel_mlflow.delivery.records import SpooledFeedback
from otel_mlflow.errors import TraceNotFoundError


def log_assessment(http: HttpClient, backend: str, feedback: SpooledFeedback, path: str, body: bytes) -> None:
    """Create the assessment below `path`; nothing where it came through an earlier time.

    Raises `TraceNotFoundError` where the backend does not know the trace.
    """
    response = http.post(path, body, {"Content-Type": "application/json"})
    if response.status == 200:
        return
    if response.error_code == "RESOURCE_DOES_NOT_EXIST":
        raise TraceNotFoundError(f"{backend} does not know trace {feedback.trace_id}")
    # MLflow has no error code for an id that is taken.
    if http.get(f"{path}/{feedback.assessment_id}", {}).status != 200:
        raise error_for(response, backend)
