"""Trying in milliseconds what private names are used for. Each answers what does not work, None where all does."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

from opentelemetry.context import Context
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, set_span_in_context
from typing_extensions import override

_NAME = "self-test"


def span_processors_can_be_gated() -> str | None:
    """A provider shows its spans by functions of its processors that can be replaced one by one."""
    seen: list[str] = []
    provider = _provider()
    processors = getattr(provider, "_active_span_processor", None)
    if not isinstance(processors, SpanProcessor):
        return "TracerProvider._active_span_processor is not there"
    gated: Any = processors
    gated.on_start = lambda span, parent_context=None: seen.append("start")
    gated.on_end = lambda span: seen.append("end")
    span = provider.get_tracer(_NAME).start_span(_NAME)
    span.end()
    # With OTEL_SDK_DISABLED there are no spans to be shown.
    return (
        None
        if seen == ["start", "end"] or isinstance(span, NonRecordingSpan)
        else f"a span is shown to the provider's processors as {seen}"
    )


def the_current_span_has_its_key() -> str | None:
    """A context has its current span under a key that we know."""
    propagation: Any = importlib.import_module("opentelemetry.trace.propagation")
    span = NonRecordingSpan(INVALID_SPAN.get_span_context())
    found = set_span_in_context(span, Context()).get(propagation._SPAN_KEY)
    return None if found is span else "a context has its current span under another key than _SPAN_KEY"


def attributes_can_be_taken_away() -> str | None:
    """Before a span ends, an attribute can be taken from it that others would see."""

    class TakingAway(SpanProcessor):
        def _on_ending(self, span: Any) -> None:
            getattr(span._attributes, "_dict", {}).pop(_NAME, None)

    provider = _provider()
    provider.add_span_processor(TakingAway())
    span: Any = provider.get_tracer(_NAME).start_span(_NAME, attributes={_NAME: True})
    span.end()
    return (
        None
        if _NAME not in getattr(span, "attributes", ())
        else "an attribute that is taken from a span's dictionary stays"
    )


def previews_are_picked() -> str | None:
    """MLflow picks the last message of a conversation."""
    truncation: Any = importlib.import_module("mlflow.tracing.utils.truncation")
    previews = SimpleNamespace(request_preview=None, response_preview=None)
    asked = '{"messages": [{"role": "user", "content": "asked"}]}'
    truncation.set_request_response_preview(previews, SimpleNamespace(request=asked, response="answered"))
    found = (previews.request_preview, previews.response_preview)
    return None if found == ("asked", "answered") else f"the previews of a conversation are {found}"


def runs_are_kept_in_a_list() -> str | None:
    """MLflow's stack of active runs is a list."""
    fluent: Any = importlib.import_module("mlflow.tracking.fluent")
    found = fluent._active_run_stack.get()
    return None if isinstance(found, list) else f"_active_run_stack.get() answers with a {type(found).__name__}"


def spans_are_translated() -> str | None:
    """MLflow's translators know the conventions of OpenInference."""
    translation: Any = importlib.import_module("mlflow.tracing.otel.translation")
    said = {"openinference.span.kind": '"LLM"', "input.value": f'"{_NAME}"', "mlflow.llm.cost": "{}"}
    span = SimpleNamespace(to_dict=lambda: {"name": _NAME, "attributes": dict(said), "events": []})
    inputs = translation.translate_span_when_storing(span)["attributes"].get("mlflow.spanInputs")
    span_type = translation.translate_span_type_from_otel(dict(said))
    wrong = inputs != f'"{_NAME}"' or span_type != "LLM"
    return f"a model call's input and type are translated to {inputs} and {span_type}" if wrong else None


def spans_can_be_made_for_the_store() -> str | None:
    """MLflow makes of OpenTelemetry's span one that its stores take."""
    entities: Any = importlib.import_module("mlflow.entities.span")
    sent = Span(name=_NAME, trace_id=b"\1" * 16, span_id=b"\2" * 8, start_time_unix_nano=1, end_time_unix_nano=2)
    span = entities.Span.from_otel_proto(sent)
    found = (span.name, span.span_id, span.start_time_ns, span.end_time_ns)
    return None if found == (_NAME, "02" * 8, 1, 2) else f"a span for a store is {found}"


def fastapi_has_telemetry() -> str | None:
    """An application has the switches of its telemetry where we look for them."""
    fastapi: Any = importlib.import_module("fastapi")
    app = fastapi.FastAPI()
    if not isinstance(getattr(app, "_telemetry", None), dict):
        return "FastAPI._telemetry is no dictionary"
    enabled = getattr(getattr(app, "_native_telemetry", None), "enabled", None)
    return None if callable(enabled) else "FastAPI._native_telemetry.enabled is no function"


class _SameIds(IdGenerator):
    """Of spans that nobody compares: the SDK's draw from `random`, which the application may have seeded."""

    @override
    def generate_trace_id(self) -> int:
        return 1

    @override
    def generate_span_id(self) -> int:
        return 1


def _provider() -> TracerProvider:
    """One that nobody else has, whatever the environment says of samplers."""
    return TracerProvider(
        sampler=ALWAYS_ON, resource=Resource.get_empty(), shutdown_on_exit=False, id_generator=_SameIds()
    )
