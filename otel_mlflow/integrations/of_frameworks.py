"""What we lean on in frameworks: LangChain and LangGraph, FastAPI and Starlette."""

from __future__ import annotations

from otel_mlflow.integrations import self_tests
from otel_mlflow.integrations.integration import Integration, private_names

FRAMEWORKS = (
    Integration(
        name="langchain",
        distribution="langchain-core",
        tested="1.0 to 1.7",
        without="LangChain's runs leave no spans",
        needs=("mlflow_spans",),
        on_use=True,
        names=(
            *private_names("langchain_core.tracers.context", functions="register_configure_hook"),
            *private_names("langchain_core.runnables.config", objects="var_child_runnable_config"),
            *private_names("langchain_core.callbacks.manager", functions="handle_event _ahandle_event_for_handler"),
            *private_names(
                "mlflow.langchain.langchain_tracer",
                classes="MlflowLangchainTracer",
                functions="MlflowLangchainTracer._start_span MlflowLangchainTracer._end_span"
                " MlflowLangchainTracer._get_parent_span MlflowLangchainTracer._serialize_invocation_params"
                " MlflowLangchainTracer._get_span_by_run_id MlflowLangchainTracer._assign_span_name",
            ),
            *private_names("mlflow.tracing.utils.token", classes="SpanWithToken"),
            *private_names("mlflow.utils.autologging_utils", functions="get_autologging_config"),
        ),
    ),
    Integration(
        name="fastapi_telemetry",
        distribution="fastapi",
        tested="0.115 to 0.165",
        since="0.142",
        without="FastAPI's own request spans may stand beside ours",
        names=private_names(
            "fastapi.applications", classes="FastAPI NativeTelemetry", functions="NativeTelemetry.enabled"
        ),
        self_test=self_tests.fastapi_has_telemetry,
        on_use=True,
    ),
    Integration(
        name="langgraph_pauses",
        distribution="langgraph",
        tested="1.0 to 1.2",
        without="a graph that waits for a person is shown as failed",
        names=private_names("langgraph.errors", classes="GraphBubbleUp"),
        on_use=True,
    ),
)
