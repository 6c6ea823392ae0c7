"""What we lean on in OpenTelemetry."""

from __future__ import annotations

from functools import partial

from otel_mlflow.integrations import self_tests
from otel_mlflow.integrations.integration import Integration, private_names

_opentelemetry = partial(Integration, tested="1.34 to 1.45")
_api = partial(_opentelemetry, distribution="opentelemetry-api")
_sdk = partial(_opentelemetry, distribution="opentelemetry-sdk")

OPENTELEMETRY = (
    _sdk(
        name="opentelemetry_provider",
        without="a tracer provider that is set after instrument() gets none of our spans",
        names=(
            *private_names("opentelemetry.trace", functions="_set_tracer_provider", objects="_TRACER_PROVIDER"),
            *private_names("opentelemetry.sdk.trace", functions="TracerProvider.add_span_processor"),
        ),
        self_test=self_tests.span_processors_can_be_gated,
    ),
    _sdk(
        name="opentelemetry_spans",
        without="each span costs its request some microseconds more",
        names=(),
    ),
    _api(
        name="opentelemetry_context",
        without="spans below one of another tracer provider hang on the request's span",
        names=(
            *private_names("opentelemetry.context", objects="_RUNTIME_CONTEXT"),
            *private_names("opentelemetry.trace.propagation", objects="_SPAN_KEY"),
        ),
        self_test=self_tests.the_current_span_has_its_key,
    ),
    _api(
        name="opentelemetry_suppression",
        without="instrumentations of HTTP clients may trace our own deliveries",
        names=private_names(
            "opentelemetry.context", objects="_SUPPRESS_INSTRUMENTATION_KEY _SUPPRESS_HTTP_INSTRUMENTATION_KEY"
        ),
    ),
    _sdk(
        name="opentelemetry_span_attributes",
        since="1.40",
        without="the application's own exporters see MLflow's trace id among the attributes of spans",
        names=private_names("opentelemetry.sdk.trace", functions="SpanProcessor._on_ending"),
        self_test=self_tests.attributes_can_be_taken_away,
    ),
)
