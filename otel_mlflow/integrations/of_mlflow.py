"""What we lean on in MLflow."""

from __future__ import annotations

from functools import partial

from otel_mlflow.integrations import self_tests
from otel_mlflow.integrations.integration import Integration, private_names

_integration = partial(Integration, distribution="mlflow", tested="3.8 to 3.18")

MLFLOW = (
    _integration(
        name="mlflow_spans",
        without="MLflow's own API and its autologging leave no spans",
        names=(
            *private_names(
                "mlflow.tracing.provider",
                objects="provider MLFLOW_USE_DEFAULT_TRACER_PROVIDER",
                functions="provider.get provider.set provider.get_or_init_tracer provider.reset"
                " _initialize_tracer_provider _get_tracer detach_span_from_context",
            ),
            *private_names(
                "mlflow.tracing.trace_manager",
                classes="InMemoryTraceManager _Trace",
                objects="InMemoryTraceManager._instance",
                functions="InMemoryTraceManager.get_instance InMemoryTraceManager.get_span_from_id"
                " InMemoryTraceManager.get_root_span_id InMemoryTraceManager.get_trace"
                " InMemoryTraceManager.register_span InMemoryTraceManager.register_prompt"
                " InMemoryTraceManager.set_trace_metadata InMemoryTraceManager.register_trace"
                " InMemoryTraceManager.pop_trace InMemoryTraceManager.get_mlflow_trace_id_from_otel_id",
            ),
            *private_names(
                "mlflow.entities.span",
                classes="LiveSpan _SpanAttributesRegistry",
                functions="_SpanAttributesRegistry.set",
            ),
        ),
    ),
    _integration(
        name="mlflow_trace_info",
        without="active models, evaluations and mlflow.tracing.context() are not told to traces",
        needs=("mlflow_spans",),
        names=private_names(
            "mlflow.tracing.processor.mlflow_v3",
            classes="MlflowV3SpanProcessor",
            functions="MlflowV3SpanProcessor._get_basic_trace_metadata MlflowV3SpanProcessor._get_basic_trace_tags",
        )
        + private_names("mlflow.tracing.provider", functions="_MLFLOW_TRACE_USER_DESTINATION.get")
        + private_names("mlflow.tracing.config", functions="get_config"),
    ),
    _integration(
        name="mlflow_active_model",
        without="traces do not name the active model",
        names=private_names("mlflow.tracking.fluent", functions="_get_active_model_id_global"),
    ),
    _integration(
        name="mlflow_client",
        without="mlflow.get_trace() and mlflow.genai.evaluate() do not wait for traces on their way, "
        "and MlflowClient().start_trace() refuses inside requests",
        needs=("mlflow_spans",),
        names=(
            *private_names("mlflow.tracing.client", functions="TracingClient.get_trace_info"),
            *private_names("mlflow", functions="MlflowClient.start_trace"),
            *private_names("mlflow.tracing.provider", functions="_get_trace_exporter"),
            *private_names("mlflow.tracing.fluent", objects="_EVAL_REQUEST_ID_TO_TRACE_ID"),
        ),
    ),
    _integration(
        name="mlflow_active_span",
        since="3.9",
        without="no more spans can be opened with MLflow's client below one that is over",
        needs=("mlflow_spans",),
        names=private_names("mlflow.tracing.fluent", functions="create_mlflow_span"),
    ),
    _integration(
        name="mlflow_last_trace",
        without="mlflow.get_last_active_trace_id() does not know of requests",
        needs=("mlflow_spans",),
        names=private_names(
            "mlflow.tracing.fluent",
            functions="get_last_active_trace_id _set_last_active_trace_id",
            objects="_LAST_ACTIVE_TRACE_ID_GLOBAL _LAST_ACTIVE_TRACE_ID_THREAD_LOCAL",
        ),
    ),
    _integration(
        name="mlflow_environment",
        without="traces do not say who and what runs the process (mlflow.user, mlflow.source.name)",
        names=private_names("mlflow.tracing.utils.environment", functions="resolve_env_metadata"),
    ),
    _integration(
        name="mlflow_runs",
        without="concurrent requests share MLflow's active run, and runs do not follow the traces' experiment",
        names=(
            *private_names(
                "mlflow.tracking.fluent",
                objects="_active_run_stack _active_experiment_id",
                functions="_active_run_stack.get _active_run_stack.set _active_run_stack.reset"
                " _active_run_stack.get_all_thread_values",
            ),
            *private_names(
                "mlflow.tracking._tracking_service.utils",
                objects="_tracking_uri",
                functions="is_tracking_uri_set",
            ),
        ),
        self_test=self_tests.runs_are_kept_in_a_list,
    ),
    _integration(
        name="mlflow_default_experiment",
        without="a run that starts before the traces' experiment is known goes into MLflow's default experiment",
        names=(
            *private_names(
                "mlflow.tracking.default_experiment.registry",
                functions="_default_experiment_provider_registry.register",
            ),
            *private_names(
                "mlflow.tracking.default_experiment.abstract_context",
                classes="DefaultExperimentProvider",
            ),
        ),
    ),
    _integration(
        name="mlflow_translation",
        without="spans of other instrumentations arrive in their own words, and their tokens are not counted for runs",
        names=private_names(
            "mlflow.tracing.otel.translation", functions="translate_span_when_storing translate_span_type_from_otel"
        ),
        self_test=self_tests.spans_are_translated,
    ),
    _integration(
        name="mlflow_flavours",
        without="`tracing.autolog: auto` enables LangChain, LiteLLM and Haystack alone, and a flavour counts as on "
        "without a look whether anything was patched",
        on_use=True,
        names=private_names("mlflow.ml_package_versions", objects="GENAI_FLAVOR_TO_MODULE_NAME")
        + private_names("mlflow.utils.autologging_utils.safety", objects="_AUTOLOGGING_PATCHES"),
    ),
    _integration(
        name="mlflow_previews",
        without="lists of traces show all of a request's inputs, where MLflow would pick the last message",
        names=private_names("mlflow.tracing.utils.truncation", functions="set_request_response_preview"),
        self_test=self_tests.previews_are_picked,
    ),
    _integration(
        name="mlflow_scopes",
        since="3.11",
        without="mlflow.tracing.context() round spans of other libraries is not told to traces",
        names=private_names(
            "mlflow.tracing.context", functions="get_configured_trace_metadata get_configured_trace_tags"
        ),
    ),
    _integration(
        name="mlflow_sampling",
        since="3.10",
        without="sampling_ratio_override is ignored inside requests",
        names=private_names(
            "mlflow.tracing.sampling",
            objects="_SAMPLING_RATIO_OVERRIDE",
            classes="_MlflowSampler",
        ),
    ),
    _integration(
        name="mlflow_credentials",
        without="no traces are delivered to an MLflow server: they wait",
        names=private_names("mlflow.utils.credentials", functions="get_default_host_creds"),
    ),
    _integration(
        name="mlflow_request_headers",
        without="the headers of MLflow's header plugins are not sent with deliveries",
        names=private_names("mlflow.tracking.request_header.registry", functions="resolve_request_headers"),
    ),
    _integration(
        name="mlflow_authentication",
        without="MLFLOW_TRACKING_AUTH cannot be followed: traces wait",
        names=private_names("mlflow.tracking.request_auth.registry", functions="fetch_auth"),
        on_use=True,
    ),
    _integration(
        name="mlflow_store",
        without="no traces are delivered to a local tracking store: they wait",
        names=(
            *private_names("mlflow.tracking._tracking_service.utils", functions="_get_store"),
            *private_names("mlflow.store.db.utils", functions="create_sqlalchemy_engine"),
            *private_names("mlflow.entities.span", functions="Span.from_otel_proto"),
            *private_names("mlflow.protos.service_pb2", classes="CreateAssessment StartTraceV3"),
        ),
        self_test=self_tests.spans_can_be_made_for_the_store,
        on_use=True,
    ),
    _integration(
        name="mlflow_attachments",
        since="3.12",
        without="attachments of spans do not arrive",
        names=(
            *private_names("mlflow.tracing.client", functions="TracingClient._get_artifact_repo_for_trace"),
            *private_names("mlflow.store.artifact.artifact_repo", functions="ArtifactRepository.upload_attachment"),
        ),
        on_use=True,
    ),
    _integration(
        name="ops_sqlite_schema",
        tested="3.17 to 3.18",
        since="3.17",
        without="the dashboard reads a SQLite store through MLflow's classes, which takes longer",
        names=(
            *private_names(
                "mlflow.store.tracking.dbmodels.models",
                objects="SqlExperiment.experiment_id SqlExperiment.name SqlExperiment.lifecycle_stage"
                " SqlTraceInfo.request_id SqlTraceInfo.experiment_id SqlTraceInfo.timestamp_ms SqlTraceInfo.status"
                " SqlTraceInfo.execution_time_ms SqlTraceInfo.client_request_id SqlTraceInfo.session_id"
                " SqlTraceInfo.trace_name SqlTraceInfo.input_tokens SqlTraceInfo.output_tokens"
                " SqlTraceInfo.total_tokens SqlTraceTag.request_id SqlTraceTag.key SqlTraceTag.value"
                " SqlTraceMetadata.request_id SqlTraceMetadata.key SqlTraceMetadata.value"
                " SqlAssessments.trace_id SqlAssessments.experiment_id SqlAssessments.trace_timestamp_ms"
                " SqlAssessments.name SqlAssessments.value SqlAssessments.aggregate_value SqlAssessments.valid"
                " SqlAssessments.assessment_type SqlSpan.trace_id SqlSpan.type SqlSpan.name SqlSpan.status"
                " SqlSpan.model_name SqlSpan.total_cost SqlSpan.content SqlSpan.start_time_unix_nano"
                " SqlSpan.end_time_unix_nano",
            ),
        ),
        on_use=True,
    ),
)
