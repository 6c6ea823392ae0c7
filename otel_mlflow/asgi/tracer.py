"""Begins the server spans of one application: which requests get one, where it hangs, and in which trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanKind, get_current_span, set_span_in_context

from otel_mlflow.asgi.caller import Caller, Callers
from otel_mlflow.asgi.fastapi_telemetry import FastAPITelemetry
from otel_mlflow.asgi.routes import RouteTemplates
from otel_mlflow.asgi.server_span import MAX_CLIENT_REQUEST_ID, ServedRequest, ServerSpan
from otel_mlflow.guard import guarded
from otel_mlflow.http import semconv
from otel_mlflow.http.exchange import Exchange, Scope
from otel_mlflow.http.headers import encode_names, first_header
from otel_mlflow.outside import CLAIMED, OUTSIDE
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.own_tracer import OwnTracer
from otel_mlflow.spans.registry import change_mlflow_trace_id, register
from otel_mlflow.spans.scopes import is_server_span
from otel_mlflow.spans.trace import SPAN_STATE, OpenTrace, SpanState, TraceIdentity, span_state

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from otel_mlflow.tracing import Tracing


INSTRUMENTATION_SCOPE = "otel_mlflow"


class MiddlewareTracer:
    """Begins the requests of one application."""

    def __init__(self, tracing: Tracing, app: ASGIApp) -> None:
        self.tracing = tracing
        self.routes = RouteTemplates()
        self.untraced = ServedRequest()
        self._settings = tracing.settings.tracing
        self._native = FastAPITelemetry(app)
        if self._settings.enabled:
            self._native.switch_tracing_off()
        self._callers = Callers(self._settings.incoming, tracing, tracing.delivery.advise)
        self._session_headers = encode_names(self._settings.session_headers)
        self._user_headers = encode_names(self._settings.user_headers)
        self._capture_bytes = self._settings.max_content_bytes if self._settings.capture_input_output else None

    @guarded
    def begin(self, scope: Scope, endpoint_before: object) -> ServedRequest | None:
        """The request's share of tracing, to be entered around the application; None where there is none.

        `endpoint_before` is what a router further out has chosen.
        """
        self.tracing.start()
        if not self._settings.enabled:
            return None
        exchange = Exchange(scope, capture_bytes=self._capture_bytes)
        if self.tracing.excluded_urls.match(scope, exchange.headers):
            return self._exclude()
        self._native.keep_out(scope)
        exchange.endpoint_before, exchange.experiment_for = endpoint_before, self.tracing.experiment_for
        here = context_api.get_current()
        return (self._claim(exchange, here) if here else None) or self._open(exchange, here)

    def _exclude(self) -> ServedRequest:
        self.tracing.count("excluded")
        current = span_state(get_current_span())
        if current is not None and _is_unclaimed(current.trace):
            current.trace.discard()
        return ServedRequest(context_api.set_value(OUTSIDE, True))

    def _claim(self, exchange: Exchange, here: Context) -> ServerSpan | None:
        """Take over the server span that an instrumentation round this middleware has opened for the request."""
        current: SpanState | None = getattr(get_current_span(here), SPAN_STATE, None)
        if current is None or not _is_unclaimed(current.trace):
            return None
        caller = self._outer_caller(exchange, current)
        if caller is not None:
            for link in caller.links:
                get_current_span().add_link(link.context)
            if caller.origin is None and (current.trace.fragment or not caller.known):
                _set_apart(current)
        root = current.trace.root or current
        is_sampled = caller is None or caller.sampled
        return self._serve(exchange, root, here, ends_span=False, is_sampled=is_sampled)

    def _outer_caller(self, exchange: Exchange, server: SpanState) -> Caller | None:
        parent = server.span.parent if server.span is not None else None
        return self._callers.of_span(exchange, parent) if parent is not None and parent.is_remote else None

    def _open(self, exchange: Exchange, here: Context) -> ServedRequest:
        caller = self._callers.read(exchange, here)
        in_use = BRIDGE.provider.in_use(self.tracing)
        tracer = in_use.tracer(INSTRUMENTATION_SCOPE)
        own = None
        if isinstance(tracer, OwnTracer) and not caller.links:
            own = tracer.make_server_span(exchange.method, caller.above, exchange.started_ns)
        if own is not None:
            return self._serve_opened(exchange, caller, own, BRIDGE.processor.take_own)
        span = self._start(exchange, caller, tracer, is_ours_alone=in_use.is_ours_alone)
        if isinstance(span, Span) and span.is_recording():
            return self._serve_opened(exchange, caller, span, BRIDGE.processor.take)
        self.tracing.count("sampled_out")
        return ServedRequest(set_span_in_context(span, caller.context))

    def _start(
        self, exchange: Exchange, caller: Caller, tracer: trace_api.Tracer, *, is_ours_alone: bool
    ) -> trace_api.Span:
        """Start the request's span where others see it, too, so that it must say all that is known of the request."""
        return tracer.start_span(
            exchange.method if is_ours_alone else exchange.name,
            context=context_api.set_value(OUTSIDE, CLAIMED, caller.context),
            kind=SpanKind.SERVER,
            attributes=None if is_ours_alone else self._attributes(exchange),
            links=caller.links,
            start_time=exchange.started_ns,
        )

    def _serve_opened(
        self, exchange: Exchange, caller: Caller, span: Span, take: Callable[..., SpanState]
    ) -> ServerSpan:
        parent_id = caller.origin.span_id if caller.origin else None
        root = take(span, self._trace(span, caller), None, remote_parent_id=parent_id)
        return self._serve(exchange, root, caller.context, ends_span=True, is_sampled=caller.sampled)

    def _attributes(self, exchange: Exchange) -> semconv.Attributes:
        attributes = semconv.at_start(exchange)
        if exchange.query:
            attributes["url.query"] = self.tracing.redactor.query(exchange.query)
        return attributes

    def _trace(self, span: Span, caller: Caller) -> OpenTrace:
        otel_trace_id = (span.context or INVALID_SPAN_CONTEXT).trace_id
        own = new_trace_id() if caller.known else otel_trace_id
        trace_id = caller.origin.trace_id if caller.origin else own
        return register(OpenTrace(self.tracing, TraceIdentity(trace_id, otel_trace_id)))

    def _serve(
        self, exchange: Exchange, root: SpanState, context: Context, *, ends_span: bool, is_sampled: bool
    ) -> ServerSpan:
        exchange.is_sampled = is_sampled
        trace = root.trace
        trace.owner = self.tracing
        trace.counted = True
        trace.exchange = exchange
        metadata, headers = trace.metadata, exchange.headers
        if trace.fragment:
            metadata.joined_as = f"{root.span_id:016x}"
        if self._session_headers:
            metadata.session = first_header(headers, self._session_headers)
        if self._user_headers:
            metadata.user = first_header(headers, self._user_headers)
        if exchange.request_id is not None:
            metadata.client_request_id = exchange.request_id[:MAX_CLIENT_REQUEST_ID]
        return ServerSpan(self.tracing, self.routes, exchange, root, context, ends_span=ends_span)


def _set_apart(server: SpanState) -> None:
    """Make a trace of its own of a request whose span is in its caller's OpenTelemetry trace."""
    change_mlflow_trace_id(server.trace, new_trace_id())
    server.trace.fragment = False
    server.remote_parent_id = None


def _is_unclaimed(trace: OpenTrace) -> bool:
    root: SpanState | None = trace.root
    return trace.exchange is None and is_server_span(root) and root is not None and not root.ended
