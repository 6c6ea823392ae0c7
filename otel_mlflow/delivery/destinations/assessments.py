"""Feedback over MLflow's REST API, which a tracking server and Databricks have in common."""

from __future__ import annotations

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import error_for
from otel_mlflow.delivery.records import SpooledFeedback
from otel_mlflow.errors import DeliveryError, TraceNotFoundError

_ANSWERS = ("assessment", "assessment_id")
"""A server puts the assessment into a field, Databricks' Unity Catalog answers with the assessment itself."""


def log_assessment(http: HttpClient, backend: str, feedback: SpooledFeedback, path: str, body: bytes) -> None:
    """Create the assessment below `path`; nothing where it came through an earlier time.

    Raises `TraceNotFoundError` where the backend does not know the trace.
    """
    response = http.post(path, body, {"Content-Type": "application/json"})
    if response.error_code == "RESOURCE_DOES_NOT_EXIST":
        raise TraceNotFoundError(f"{backend} does not know trace {feedback.trace_id}")
    if response.status < 300 and not response.error_code:
        json_from(response, backend, fields=_ANSWERS)
        return
    # MLflow has no error code for an id that is taken.
    try:
        json_from(http.get(f"{path}/{feedback.assessment_id}", {}), backend, fields=_ANSWERS)
    except DeliveryError:
        raise error_for(response, backend) from None
