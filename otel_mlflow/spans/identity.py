"""The two ids of a trace: MLflow's and OpenTelemetry's."""

from __future__ import annotations


class TraceIdentity:
    """Which trace this is. MLflow's id is OpenTelemetry's where the request is the first of its trace.

    `mlflow_trace_id` is the text that MLflow shows (`tr-…`), `mlflow_trace_id_int` the same 128 bits as a number, and
    `mlflow_trace_id_json` the text as MLflow's client writes it into attributes.
    """

    __slots__ = ("mlflow_trace_id", "mlflow_trace_id_int", "mlflow_trace_id_json", "otel_trace_id")

    def __init__(self, mlflow_trace_id_int: int, otel_trace_id: int) -> None:
        self.mlflow_trace_id_int = mlflow_trace_id_int
        self.mlflow_trace_id = f"tr-{mlflow_trace_id_int:032x}"
        self.mlflow_trace_id_json = f'"{self.mlflow_trace_id}"'
        self.otel_trace_id = otel_trace_id
