"""Every private name of another package that we lean on, by the integration that needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["class", "function", "object"]


@dataclass(frozen=True)
class PrivateName:
    """`path` is what is looked up in the module: a name, or a class and what is in it."""

    module: str
    path: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.module}.{self.path}"


@dataclass(frozen=True)
class Integration:
    """One thing that we do with another package, and what is missing where it cannot be done."""

    name: str
    distribution: str
    tested: str
    """The versions of the distribution that the tests run with."""
    without: str
    names: tuple[PrivateName, ...]
    needs: tuple[str, ...] = ()
    """The integrations that this one builds on."""
    since: str = ""
    """The version of the distribution that brought what this is about: before, there is nothing to lean on."""


def _rows(module: str, **kinds: str) -> tuple[PrivateName, ...]:
    """Names of one module: the keyword says the kind, its words the names."""
    found = {"classes": "class", "functions": "function", "objects": "object"}
    return tuple(
        PrivateName(module, path, found[kind])  # type: ignore[arg-type]
        for kind, paths in kinds.items()
        for path in paths.split()
    )


MLFLOW = "3.8 to 3.18"

_ALL = (
    Integration(
        name="opentelemetry_provider",
        distribution="opentelemetry-sdk",
        tested="1.34 to 1.45",
        without="a tracer provider that is set after instrument() gets none of our spans",
        names=(
            *_rows("opentelemetry.trace", functions="_set_tracer_provider", objects="_TRACER_PROVIDER"),
            *_rows("opentelemetry.sdk.trace", functions="TracerProvider.add_span_processor"),
        ),
    ),
    Integration(
        name="mlflow_spans",
        distribution="mlflow",
        tested=MLFLOW,
        without="MLflow's own API and its autologging leave no spans",
        names=(
            *_rows(
                "mlflow.tracing.provider",
                objects="provider MLFLOW_USE_DEFAULT_TRACER_PROVIDER",
                functions="provider.get provider.set provider.get_or_init_tracer provider.reset"
                " MLFLOW_USE_DEFAULT_TRACER_PROVIDER.get"
                " _initialize_tracer_provider _get_tracer detach_span_from_context set_span_in_context",
            ),
            *_rows(
                "mlflow.tracing.trace_manager",
                classes="InMemoryTraceManager _Trace",
                objects="InMemoryTraceManager._instance",
                functions="InMemoryTraceManager.get_instance InMemoryTraceManager.get_span_from_id"
                " InMemoryTraceManager.get_root_span_id InMemoryTraceManager.get_trace"
                " InMemoryTraceManager.register_span InMemoryTraceManager.register_prompt"
                " InMemoryTraceManager.set_trace_metadata InMemoryTraceManager.register_trace"
                " InMemoryTraceManager.pop_trace InMemoryTraceManager.get_mlflow_trace_id_from_otel_id",
            ),
            *_rows(
                "mlflow.entities.span",
                classes="LiveSpan _SpanAttributesRegistry",
                functions="_SpanAttributesRegistry.set",
            ),
        ),
    ),
    Integration(
        name="mlflow_trace_info",
        distribution="mlflow",
        tested=MLFLOW,
        without="active models, evaluations and mlflow.tracing.context() are not told to traces",
        needs=("mlflow_spans",),
        names=_rows(
            "mlflow.tracing.processor.mlflow_v3",
            classes="MlflowV3SpanProcessor",
            functions="MlflowV3SpanProcessor._get_basic_trace_metadata MlflowV3SpanProcessor._get_basic_trace_tags",
        )
        + _rows("mlflow.tracing.provider", functions="_MLFLOW_TRACE_USER_DESTINATION.get")
        + _rows("mlflow.tracing.config", functions="get_config"),
    ),
    Integration(
        name="mlflow_active_model",
        distribution="mlflow",
        tested=MLFLOW,
        without="traces do not name the active model",
        names=_rows("mlflow.tracking.fluent", functions="_get_active_model_id_global"),
    ),
    Integration(
        name="mlflow_client",
        distribution="mlflow",
        tested=MLFLOW,
        without="mlflow.get_trace() and mlflow.genai.evaluate() do not wait for traces on their way, "
        "MlflowClient().start_trace() refuses inside requests, and after one its span is not found by its id",
        needs=("mlflow_spans",),
        names=(
            *_rows("mlflow.tracing.client", functions="TracingClient.get_trace_info"),
            *_rows("mlflow", functions="MlflowClient.start_trace"),
            *_rows("mlflow.tracing.provider", functions="_get_trace_exporter"),
            *_rows("mlflow.tracing.fluent", functions="create_mlflow_span", objects="_EVAL_REQUEST_ID_TO_TRACE_ID"),
        ),
    ),
    Integration(
        name="mlflow_last_trace",
        distribution="mlflow",
        tested=MLFLOW,
        without="mlflow.get_last_active_trace_id() does not know of requests",
        needs=("mlflow_spans",),
        names=_rows(
            "mlflow.tracing.fluent",
            functions="get_last_active_trace_id _set_last_active_trace_id",
            objects="_LAST_ACTIVE_TRACE_ID_GLOBAL _LAST_ACTIVE_TRACE_ID_THREAD_LOCAL",
        ),
    ),
    Integration(
        name="mlflow_environment",
        distribution="mlflow",
        tested=MLFLOW,
        without="traces do not say who and what runs the process (mlflow.user, mlflow.source.name)",
        names=_rows("mlflow.tracing.utils.environment", functions="resolve_env_metadata"),
    ),
    Integration(
        name="mlflow_runs",
        distribution="mlflow",
        tested=MLFLOW,
        without="concurrent requests share MLflow's active run, and runs do not follow the traces' experiment",
        names=(
            *_rows(
                "mlflow.tracking.fluent",
                objects="_active_run_stack _active_experiment_id",
                functions="_active_run_stack.get _active_run_stack.set _active_run_stack.reset"
                " _active_run_stack.get_all_thread_values",
            ),
            *_rows(
                "mlflow.tracking._tracking_service.utils",
                objects="_tracking_uri",
                functions="is_tracking_uri_set",
            ),
        ),
    ),
    Integration(
        name="mlflow_default_experiment",
        distribution="mlflow",
        tested=MLFLOW,
        without="a run that starts before the traces' experiment is known goes into MLflow's default experiment",
        names=(
            *_rows(
                "mlflow.tracking.default_experiment.registry",
                functions="_default_experiment_provider_registry.register",
            ),
            *_rows(
                "mlflow.tracking.default_experiment.abstract_context",
                classes="DefaultExperimentProvider",
            ),
        ),
    ),
    Integration(
        name="mlflow_translation",
        distribution="mlflow",
        tested=MLFLOW,
        without="spans of other instrumentations arrive in their own words, and their tokens are not counted for runs",
        names=_rows(
            "mlflow.tracing.otel.translation", functions="translate_span_when_storing translate_span_type_from_otel"
        ),
    ),
    Integration(
        name="mlflow_flavours",
        distribution="mlflow",
        tested=MLFLOW,
        without="`tracing.autolog: auto` enables LangChain, LiteLLM and Haystack alone, and a flavour counts as on "
        "without a look whether anything was patched",
        names=_rows("mlflow.ml_package_versions", objects="GENAI_FLAVOR_TO_MODULE_NAME")
        + _rows("mlflow.utils.autologging_utils.safety", objects="_AUTOLOGGING_PATCHES"),
    ),
    Integration(
        name="langchain",
        distribution="langchain-core",
        tested="1.0 to 1.7",
        without="LangChain's runs leave no spans",
        needs=("mlflow_spans",),
        names=(
            *_rows("langchain_core.tracers.context", functions="register_configure_hook"),
            *_rows("langchain_core.runnables.config", objects="var_child_runnable_config"),
            *_rows("langchain_core.callbacks.manager", functions="handle_event _ahandle_event_for_handler"),
            *_rows(
                "mlflow.langchain.langchain_tracer",
                classes="MlflowLangchainTracer",
                functions="MlflowLangchainTracer._start_span MlflowLangchainTracer._end_span"
                " MlflowLangchainTracer._get_parent_span MlflowLangchainTracer._serialize_invocation_params",
            ),
            *_rows("mlflow.tracing.utils.token", classes="SpanWithToken"),
            *_rows("mlflow.utils.autologging_utils", functions="get_autologging_config"),
        ),
    ),
    Integration(
        name="fastapi_telemetry",
        distribution="fastapi",
        tested="0.115 to 0.165",
        since="0.142",
        without="FastAPI's own request spans may stand beside ours",
        names=_rows("fastapi.applications", classes="FastAPI NativeTelemetry", functions="NativeTelemetry.enabled"),
    ),
)

TABLE = {integration.name: integration for integration in _ALL}
"""The integrations by name."""
