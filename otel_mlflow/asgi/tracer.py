"""Begins the server spans of one application: which requests get one, where it hangs, and in which trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import SpanKind, get_current_span, set_span_in_context

from otel_mlflow.asgi.caller import Caller, Callers
from otel_mlflow.asgi.fastapi_telemetry import FastAPITelemetry
from otel_mlflow.asgi.routes import RouteTemplates
from otel_mlflow.asgi.server_span import MAX_CLIENT_REQUEST_ID, ServerSpan, UntracedRequest
from otel_mlflow.guard import guarded
from otel_mlflow.http import semconv
from otel_mlflow.http.exchange import Exchange, Scope
from otel_mlflow.http.headers import encode_names, first_header, read_headers, read_request_id
from otel_mlflow.spans.ids import new_request_id, new_trace_id
from otel_mlflow.spans.processor import OUTSIDE, is_server_span
from otel_mlflow.spans.state import SpanState, span_state
from otel_mlflow.spans.trace import OpenTrace

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from otel_mlflow.tracing import Tracing


class MiddlewareTracer:
    """Begins the requests of one application."""

    def __init__(self, tracing: Tracing, app: ASGIApp) -> None:
        self.tracing = tracing
        self.routes = RouteTemplates()
        self._settings = tracing.settings.tracing
        self._native = FastAPITelemetry(app)
        if self._settings.enabled:
            self._native.switch_tracing_off()
        self._callers = Callers(self._settings.incoming)
        self._session_headers = encode_names(self._settings.session_headers)
        self._user_headers = encode_names(self._settings.user_headers)
        self._capture_bytes = self._settings.max_content_bytes if self._settings.capture_input_output else None

    def begin(self, scope: Scope) -> ServerSpan | UntracedRequest:
        """The request's share of tracing, to be entered around the application."""
        return self._begin(scope) or UntracedRequest()

    @guarded
    def _begin(self, scope: Scope) -> ServerSpan | UntracedRequest:
        self.tracing.start()
        if not self._settings.enabled:
            return UntracedRequest()
        headers = read_headers(scope)
        if self.tracing.excludes(scope):
            return self._exclude()
        self._native.keep_out(scope)
        exchange = Exchange(scope, headers, capture_bytes=self._capture_bytes)
        exchange.experiment_for = self.tracing.experiment_for
        return self._adopt(exchange) or self._open(exchange)

    def _exclude(self) -> UntracedRequest:
        self.tracing.count("excluded")
        current = span_state(get_current_span())
        if current is not None and _is_unclaimed(current.trace):
            current.trace.discard()
        return UntracedRequest(context_api.set_value(OUTSIDE, True))

    def _adopt(self, exchange: Exchange) -> ServerSpan | None:
        """Take over the server span that an instrumentation round this middleware has opened for the request."""
        current = span_state(get_current_span())
        if current is None or not _is_unclaimed(current.trace):
            return None
        if self._settings.incoming != "join":
            self._set_apart(current)
        return self._serve(exchange, None, current.trace, context_api.get_current())

    def _set_apart(self, server: SpanState) -> None:
        """Make a trace of its own of a request whose span is in its caller's OpenTelemetry trace."""
        server.trace.rename(new_trace_id())
        server.trace.fragment = False
        server.remote_parent_id = None
        caller = server.span.parent if server.span is not None else None
        if self._settings.incoming == "link" and caller is not None:
            get_current_span().add_link(caller)

    def _open(self, exchange: Exchange) -> ServerSpan | UntracedRequest:
        caller = self._callers.read(exchange.headers, context_api.get_current())
        is_seen = self.tracing.spans_are_seen_by_others
        span = self.tracing.tracer.start_span(
            exchange.name,
            context=context_api.set_value(OUTSIDE, True, caller.context),
            kind=SpanKind.SERVER,
            attributes=self._attributes(exchange) if is_seen else None,
            links=caller.links,
            start_time=exchange.started_ns,
        )
        context = set_span_in_context(span, caller.context)
        if not isinstance(span, Span) or not span.is_recording():
            self.tracing.count("sampled_out")
            return UntracedRequest(context)
        trace = self._trace(span, caller)
        parent_id = caller.origin.span_id if caller.origin else None
        self.tracing.processor.take(span, trace, None, remote_parent_id=parent_id)
        return self._serve(exchange, span, trace, context)

    def _attributes(self, exchange: Exchange) -> semconv.Attributes:
        attributes = semconv.at_start(exchange)
        if exchange.query:
            attributes["url.query"] = self.tracing.redactor.query(exchange.query)
        return attributes

    def _trace(self, span: Span, caller: Caller) -> OpenTrace:
        otel_trace_id = span.get_span_context().trace_id
        own = new_trace_id() if caller.known else otel_trace_id
        trace_id = caller.origin.trace_id if caller.origin else own
        return OpenTrace(self.tracing, trace_id, otel_trace_id=otel_trace_id)

    def _serve(
        self, exchange: Exchange, span: Span | None, trace: OpenTrace, context: context_api.Context
    ) -> ServerSpan:
        trace.owner = self.tracing
        trace.counted = True
        trace.exchange = exchange
        metadata = trace.metadata
        metadata.session = first_header(exchange.headers, self._session_headers)
        metadata.user = first_header(exchange.headers, self._user_headers)
        request_id = read_request_id(exchange.headers)
        if request_id is not None:
            metadata.client_request_id = request_id[:MAX_CLIENT_REQUEST_ID]
        return ServerSpan(self.tracing, self.routes, exchange, span, trace, context, request_id or new_request_id())


def _is_unclaimed(trace: OpenTrace) -> bool:
    root: SpanState | None = trace.root
    return trace.exchange is None and is_server_span(root) and root is not None and not root.ended
