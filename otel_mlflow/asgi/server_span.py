"""The span of one request: what passes by is noted (`http/exchange.py` has the rules), and the span ends with it."""

from __future__ import annotations

import uuid
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span
from typing_extensions import Self, override

from otel_mlflow.asgi.response_headers import with_ids
from otel_mlflow.guard import guarded, run_guarded
from otel_mlflow.http import semconv
from otel_mlflow.http.exchange import Exchange, Message, Outcome
from otel_mlflow.http.sampling import decide
from otel_mlflow.spans.current import REQUEST_ROOT, SPAN_KEY
from otel_mlflow.spans.mlflow import runs
from otel_mlflow.spans.own_span import has_only_our_processor

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from otel_mlflow.asgi.routes import RouteTemplates
    from otel_mlflow.spans.trace import SpanState
    from otel_mlflow.tracing import Tracing

REQUEST_ID_TAG = "request_id"
MAX_CLIENT_REQUEST_ID = 50
"""Characters of a client request id that MLflow's stores have room for (`trace_info.client_request_id`)."""


class ServedRequest:
    """A request that is not traced, in a context of OpenTelemetry's if one is given."""

    _token: Token[Context] | None = None

    def __init__(self, context: Context | None = None) -> None:
        self._context = context

    def __enter__(self) -> Self:
        if self._context is not None:
            self._token = context_api.attach(self._context)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if self._token is not None:
            context_api.detach(self._token)

    def wrap(self, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """`receive` and `send` for the application."""
        return receive, send

    def note_routing(self, scope: Scope) -> None:
        """The framework is going to leave the route in this scope."""

    def note_exception(self, error: Exception) -> None:
        """The framework is going to answer this exception."""


class ServerSpan(ServedRequest):
    """A request with a trace, of which `root` is the span; `ends_span` where that is ours, and nobody else's to end."""

    _context: Context
    _token: Token[Context]
    _receive: Receive
    _send: Send
    _answered: Exception | None = None
    _finished = False
    _outcome: Outcome | None = None
    _decided = False

    def __init__(
        self,
        tracing: Tracing,
        routes: RouteTemplates,
        exchange: Exchange,
        root: SpanState,
        context: Context,
        *,
        ends_span: bool,
    ) -> None:
        current = {SPAN_KEY: root.span} if ends_span else {}
        super().__init__(Context({**context, **current, REQUEST_ROOT: root}))
        self._tracing = tracing
        self._routes = routes
        self._exchange = exchange
        self._root = root
        self._span = root.span
        self._trace = root.trace
        self._ends_span = ends_span

    @override
    def __enter__(self) -> Self:
        self._runs_token = runs.REQUEST_TRACE.set(self._trace)
        self._token = context_api.attach(self._context)
        return self

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or not self._decided or self._outcome != "ok":
            self._close(error)
        context_api.detach(self._token)
        runs.REQUEST_TRACE.reset(self._runs_token)
        if self._trace.runs:
            runs.end_left_open(self._trace, failed=self._exchange.outcome != "ok")

    @override
    def wrap(self, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """`receive` and `send` for the application, which note each message on its way."""
        self._receive, self._send = receive, send
        return self._noting_receive, self._noting_send

    async def _noting_receive(self) -> Message:
        message = await self._receive()
        self._exchange.received(message)
        if self._exchange.lasts and self._trace.export.finished:
            run_guarded(self._hand_over_early)
        return message

    async def _noting_send(self, message: Message) -> None:
        """Add our response headers, and note the message once it was taken."""
        if message.get("type") == "http.response.start":
            message = self._with_headers(message) or message
        self._exchange.sending = message
        try:
            await self._send(message)
        except OSError:
            self._exchange.departed()
            raise
        except BaseException as error:
            self._note_interrupted(message, error)
            raise
        self._note_sent(message)

    @override
    def note_routing(self, scope: Scope) -> None:
        if not self._finished:
            self._exchange.routed = scope, scope["path"]

    @override
    def note_exception(self, error: Exception) -> None:
        """The framework is going to answer this exception: it is the reason of a 5xx, and of nothing else."""
        self._answered = error

    @guarded
    def _with_headers(self, message: Message) -> Message:
        given = message.get("headers", ())
        if given is None:
            return message
        metadata, trace_id = self._trace.metadata, self._trace.identity.mlflow_trace_id
        request_id = self._exchange.request_id or uuid.uuid4().hex
        headers, own = with_ids(given, trace_id=trace_id.encode(), request_id=request_id.encode())
        if own is not None:
            metadata.client_request_id = own[:MAX_CLIENT_REQUEST_ID]
        elif metadata.client_request_id is None:
            self._trace.tags.setdefault(REQUEST_ID_TAG, request_id)
        return {**message, "headers": headers}

    @guarded
    def _note_sent(self, message: Message) -> None:
        exchange = self._exchange
        exchange.sent(message)
        if exchange.ended_ns is not None:
            self._finish_unless_failed(exchange.outcome)
        elif exchange.lasts:
            self._hand_over_early()

    @guarded
    def _note_interrupted(self, message: Message, error: BaseException) -> None:
        if not isinstance(error, Exception):
            self._exchange.interrupted(message)
            if self._exchange.complete:
                self._finish_unless_failed(self._exchange.outcome)

    def _hand_over_early(self) -> None:
        """A connection or a stream that lasts does not keep what has ended in it."""
        if self._finished or not self._trace.export.is_due:
            return
        if self._exchange.is_sampled and self._tracing.samples(self._trace.identity.mlflow_trace_id_int):
            self._trace.release_early()
        else:
            self._trace.drop_finished()

    def _finish_unless_failed(self, outcome: Outcome) -> None:
        # The exception behind a 5xx comes by after its response: the span waits for it.
        if outcome != "error":
            self._finish(outcome)

    @guarded
    def _close(self, error: BaseException | None) -> None:
        """The application is done with the request."""
        exchange = self._exchange
        was_ok = self._finished and self._outcome == "ok"
        reason = error or (self._answered if exchange.outcome == "error" else None)
        if reason is not None:
            self._note_error(reason)
        exchange.returned()
        outcome = exchange.outcome
        self._finish(outcome)
        if was_ok and outcome == "error" and self._span is not None:
            self._trace.restate_root(self._root, self._span)
        self._decide(outcome, for_good=True)
        if outcome == "cancelled":
            self._trace.cut()

    def _note_error(self, error: BaseException) -> None:
        exchange = self._exchange
        exchange.left_by(error)
        if exchange.exception is not None and self._add_exception_event():
            exchange.exception = exchange.exception._replace(stacktrace="")

    def _add_exception_event(self) -> bool:
        """Add it to the request's span, unless that is over: FastAPI's own ends with the response."""
        if not isinstance(self._span, Span) or not self._span.is_recording() or self._exchange.exception is None:
            return False
        self._span.add_event("exception", semconv.exception(self._exchange.exception))
        return True

    def _finish(self, outcome: Outcome) -> None:
        """The response is over: the span ends here, whatever the application goes on to do."""
        if self._finished:
            return
        self._finished = True
        self._outcome = outcome
        exchange = self._exchange
        scope, path = exchange.routed or (exchange.scope, exchange.path)
        exchange.route = self._routes.find(scope, path, exchange.endpoint_before)
        if self._ends_span and isinstance(self._span, Span):
            self._end_span(self._span)
        if (observer := self._tracing.observer) is not None:
            observer.served(exchange)
        exchange.let_go()
        self._decide(outcome, for_good=False)

    def _end_span(self, span: Span) -> None:
        exchange = self._exchange
        if not has_only_our_processor(span):
            span.update_name(exchange.name)
            span.set_attributes(semconv.at_end(exchange))
            span.set_status(*semconv.status(exchange))
        span.end(exchange.ended_ns)

    def _decide(self, outcome: Outcome, *, for_good: bool) -> None:
        """Keep the trace, or drop it once nothing can happen any more that would keep it."""
        if self._decided:
            return
        exchange = self._exchange
        decision = decide(
            self._trace.identity.mlflow_trace_id_int,
            outcome=outcome,
            duration_s=((exchange.ended_ns or exchange.started_ns) - exchange.started_ns) / 1e9,
            # A span whose id was handed on, in a carrier or a call, may get others below it at any time.
            http_only=not (self._trace.tree.has_inner_spans or self._root.is_known_by_id),
            settings=self._tracing.settings.tracing,
            is_sampled=exchange.is_sampled,
        )
        self._decided = for_good or decision == "keep"
        if decision == "keep":
            self._trace.release()
        elif for_good:
            self._trace.discard()
            self._tracing.count(decision)
