"""One request being traced: where its span begins, what is noted on the way, and where it ends."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import SpanKind, get_current_span, set_span_in_context
from typing_extensions import Self

from otel_mlflow.asgi.caller import Caller, Callers
from otel_mlflow.asgi.fastapi_telemetry import FastAPITelemetry
from otel_mlflow.asgi.response_headers import with_ids
from otel_mlflow.asgi.routes import RouteTemplates
from otel_mlflow.asgi.untraced import UntracedRequest
from otel_mlflow.guard import guarded
from otel_mlflow.http import semconv
from otel_mlflow.http.exchange import Exchange, Failure, Headers, Message, Scope, as_keys, first_header
from otel_mlflow.http.sampling import verdict
from otel_mlflow.outside import CLAIMED, OUTSIDE
from otel_mlflow.request import RequestTrace, with_request
from otel_mlflow.spans import runs
from otel_mlflow.spans.identity import TraceIdentity
from otel_mlflow.spans.ids import new_request_id, new_trace_id
from otel_mlflow.spans.processor import is_server_span
from otel_mlflow.spans.registry import change_mlflow_trace_id, register
from otel_mlflow.spans.trace import OpenTrace, SpanState, span_state

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Send

    from otel_mlflow.tracing import Tracing

MAX_CLIENT_REQUEST_ID = 50
"""Characters of a client request id that MLflow's stores have room for (`trace_info.client_request_id`)."""

_NORMAL_CLOSURE = (1000, 1001, 1005)
"""Codes with which a WebSocket's client takes its leave (RFC 6455 section 7.4.1); without one it is just gone."""


class MiddlewareTracer:
    """Begins the requests of one application."""

    def __init__(self, tracing: Tracing, app: ASGIApp) -> None:
        self.tracing = tracing
        self.routes = RouteTemplates(app)
        self._settings = tracing.settings.tracing
        self._native = FastAPITelemetry(app)
        if self._settings.enabled:
            self._native.switch_tracing_off()
        self._callers = Callers(self._settings.incoming)
        self._session_headers = as_keys(self._settings.session_headers)
        self._user_headers = as_keys(self._settings.user_headers)
        self._capture_bytes = self._settings.max_content_bytes if self._settings.capture_input_output else None

    def begin(self, scope: Scope) -> ServerSpan | UntracedRequest:
        """The request's share of tracing, to be entered around the application."""
        return self._begin(scope) or UntracedRequest(None)

    @guarded
    def _begin(self, scope: Scope) -> ServerSpan | UntracedRequest:
        self.tracing.start()
        if not self._settings.enabled:
            return UntracedRequest(None)
        if self.tracing.excludes(scope):
            return self._exclude()
        self._native.keep_out(scope)
        exchange = Exchange(scope, dict(scope["headers"]), capture_bytes=self._capture_bytes)
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
        trace = current.trace
        if self._settings.incoming != "join":
            self._set_apart(current)
        return ServerSpan(self, exchange, None, self._claim(trace, exchange), context_api.get_current())

    def _set_apart(self, server: SpanState) -> None:
        """Make a trace of its own of a request whose span is in its caller's OpenTelemetry trace."""
        change_mlflow_trace_id(server.trace, new_trace_id())
        server.trace.fragment = False
        server.remote_parent_id = None
        caller = server.span.parent if server.span is not None else None
        if self._settings.incoming == "link" and caller is not None:
            get_current_span().add_link(caller)

    def _open(self, exchange: Exchange) -> ServerSpan:
        caller = self._callers.read(exchange.headers, context_api.get_current())
        is_seen = self.tracing.spans_are_seen_by_others
        span = self.tracing.tracer.start_span(
            exchange.name,
            context=context_api.set_value(OUTSIDE, CLAIMED, caller.context),
            kind=SpanKind.SERVER,
            attributes=self._attributes(exchange) if is_seen else None,
            links=caller.links,
            start_time=exchange.started_ns,
        )
        context = set_span_in_context(span, caller.context)
        if not isinstance(span, Span) or not span.is_recording():
            self.tracing.count("sampled_out")
            return ServerSpan(self, exchange, None, None, context)
        trace = self._claim(self._trace(span, caller), exchange)
        parent_id = caller.origin.span_id if caller.origin else None
        self.tracing.processor.take(span, trace, None, remote_parent_id=parent_id)
        return ServerSpan(self, exchange, span, trace, context)

    def _attributes(self, exchange: Exchange) -> semconv.Attributes:
        attributes = semconv.at_start(exchange)
        if exchange.query:
            attributes["url.query"] = self.tracing.redactor.query(exchange.query)
        return attributes

    def _trace(self, span: Span, caller: Caller) -> OpenTrace:
        otel_trace_id = span.get_span_context().trace_id
        own = new_trace_id() if caller.known else otel_trace_id
        trace_id = caller.origin.trace_id if caller.origin else own
        return register(OpenTrace(self.tracing, TraceIdentity(trace_id, otel_trace_id)))

    def _claim(self, trace: OpenTrace, exchange: Exchange) -> OpenTrace:
        trace.owner = self.tracing
        trace.counted = True
        trace.exchange = exchange
        trace.metadata.client_request_id = _request_id(exchange.headers)[:MAX_CLIENT_REQUEST_ID]
        trace.metadata.session = first_header(exchange.headers, self._session_headers)
        trace.metadata.user = first_header(exchange.headers, self._user_headers)
        return trace


class ServerSpan:
    """One request being traced. `span` is None where the span is somebody else's to end."""

    def __init__(
        self,
        tracer: MiddlewareTracer,
        exchange: Exchange,
        span: Span | None,
        trace: OpenTrace | None,
        context: context_api.Context,
    ) -> None:
        self._tracer = tracer
        self._exchange = exchange
        self._span = span
        self._trace = trace
        self._context = context
        self._finished = trace is None
        self._decided = trace is None

    def __enter__(self) -> Self:
        if self._trace is not None:
            request = RequestTrace(self._trace, self._tracer.tracing.trace_url)
            self._runs = runs.enter_request(self._trace)
            self._context = with_request(request, self._context)
        self._token = context_api.attach(self._context)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._close(error)
        context_api.detach(self._token)
        if self._trace is not None:
            runs.leave_request(self._runs, failed=self._exchange.outcome != "ok")

    def receive(self, receive: Receive) -> Receive:
        """`receive` for the application, with a look at each message on its way."""
        if self._trace is None:
            return receive
        exchange = self._exchange

        async def looked_at() -> Message:
            message = await receive()
            _note_received(exchange, message)
            return message

        return looked_at

    def send(self, send: Send) -> Send:
        """`send` for the application, with our response headers added and a look at each message that was taken."""
        if self._trace is None:
            return send

        async def looked_at(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = self._with_headers(message) or message
            try:
                await send(message)
            except OSError:
                self._exchange.client_left = not self._exchange.complete
                raise
            self._note_sent(message)

        return looked_at

    @guarded
    def _with_headers(self, message: Message) -> Message:
        headers = message.get("headers", ())
        if self._trace is not None:
            request_id = self._exchange.headers.get(b"x-request-id") or _own_request_id(self._trace)
            headers = with_ids(headers, trace_id=self._trace.identity.mlflow_trace_id.encode(), request_id=request_id)
        return {**message, "headers": headers}

    @guarded
    def _note_sent(self, message: Message) -> None:
        exchange = self._exchange
        exchange.sent(message)
        # The exception behind a 5xx comes by after its response: the span waits for it.
        if exchange.complete and exchange.outcome != "error":
            self._finish()

    @guarded
    def _close(self, error: BaseException | None) -> None:
        """The application is done with the request."""
        if error is not None and not self._finished:
            self._note_error(error)
        self._finish()
        self._decide()
        if self._trace is not None and self._exchange.outcome == "cancelled":
            self._trace.cut()

    def _note_error(self, error: BaseException) -> None:
        exchange = self._exchange
        if _is_disconnect(error):
            exchange.client_left = getattr(error, "code", None) not in _NORMAL_CLOSURE
            return
        is_recorded = self._record_exception(error)
        exchange.failure = Failure.of(error, with_traceback=not is_recorded)
        if exchange.status_code is None and isinstance(error, Exception):
            exchange.status_code = 500

    def _finish(self) -> None:
        """The response is over: the span ends here, whatever the application goes on to do."""
        if self._finished:
            return
        self._finished = True
        exchange = self._exchange
        exchange.end()
        exchange.route = self._tracer.routes.find(
            exchange.scope, exchange.path, exchange.root_path, exchange.mounted_at
        )
        if self._span is not None:
            self._end_span(self._span)
        self._tracer.tracing.served(exchange)
        if not (self._is_http_only() and self._tracer.tracing.settings.tracing.http_only_traces == "drop"):
            self._decide()

    def _record_exception(self, error: BaseException) -> bool:
        """Record it on the request's span, unless that is over: FastAPI's own ends with the response."""
        root = self._trace.root if self._trace is not None else None
        span = self._span if self._span is not None else root.span if root is not None else None
        if not isinstance(error, Exception) or not isinstance(span, Span) or not span.is_recording():
            return False
        span.record_exception(error)
        return True

    def _end_span(self, span: Span) -> None:
        exchange = self._exchange
        if self._tracer.tracing.spans_are_seen_by_others:
            span.update_name(exchange.name)
            span.set_attributes(semconv.at_end(exchange))
            span.set_status(*semconv.status(exchange))
        span.end(exchange.ended_ns)

    def _decide(self) -> None:
        """Keep the trace or not: when the response is over, or when it is certain that nothing else will happen."""
        if self._decided or self._trace is None:
            return
        self._decided = True
        exchange = self._exchange
        decision = verdict(
            self._trace.identity.mlflow_trace_id_int,
            outcome=exchange.outcome,
            duration_s=((exchange.ended_ns or exchange.started_ns) - exchange.started_ns) / 1e9,
            http_only=self._is_http_only(),
            settings=self._tracer.tracing.settings.tracing,
        )
        if decision == "keep":
            self._trace.release()
        else:
            self._trace.discard()
            self._tracer.tracing.count(decision)

    def _is_http_only(self) -> bool:
        return self._trace is not None and self._trace.tree.seen_spans <= 1


@guarded
def _note_received(exchange: Exchange, message: Message) -> None:
    exchange.received(message)


def _is_unclaimed(trace: OpenTrace) -> bool:
    root: SpanState | None = trace.root
    return trace.exchange is None and is_server_span(root) and root is not None and not root.ended


def _is_disconnect(error: BaseException) -> bool:
    """Whether the exception says that a WebSocket's client has hung up, or is gone."""
    return type(error).__name__ == "WebSocketDisconnect"


def _own_request_id(trace: OpenTrace) -> bytes:
    return (trace.metadata.client_request_id or "").encode()


def _request_id(headers: Headers) -> str:
    return headers.get(b"x-request-id", b"").decode("latin-1") or new_request_id()
