"""MLflow's names for what a span or a trace says about itself.

Written out here, because importing them costs what importing MLflow costs; a test compares them with
`mlflow.tracing.constant`.
"""

from __future__ import annotations

TRACE_REQUEST_ID = "mlflow.traceRequestId"
EXPERIMENT_ID = "mlflow.experimentId"
SPAN_INPUTS = "mlflow.spanInputs"
SPAN_OUTPUTS = "mlflow.spanOutputs"
SPAN_TYPE = "mlflow.spanType"
SESSION_ID = "session.id"
USER_ID = "user.id"

TRACE_NAME = "mlflow.traceName"
TRACE_SESSION = "mlflow.trace.session"
TRACE_USER = "mlflow.trace.user"
MODEL_ID = "mlflow.modelId"
SOURCE_RUN = "mlflow.sourceRun"
EVAL_REQUEST_ID = "mlflow.eval.requestId"
LINKED_PROMPTS = "mlflow.linkedPrompts"
CHAT_USAGE = "mlflow.chat.tokenUsage"
TRACE_USAGE = "mlflow.trace.tokenUsage"
TRACE_SCHEMA_VERSION = "mlflow.trace_schema.version"
