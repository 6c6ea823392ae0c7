"""The span of one request: what passes by is noted (`http/exchange.py` has the rules), and the span ends with it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry.sdk.trace import Span
from typing_extensions import Self

from otel_mlflow.asgi.response_headers import find_request_id, with_ids
from otel_mlflow.guard import guarded
from otel_mlflow.http import semconv
from otel_mlflow.http.exchange import Exchange, Message
from otel_mlflow.http.sampling import verdict
from otel_mlflow.request import RequestTrace, with_request
from otel_mlflow.spans.ids import new_request_id
from otel_mlflow.spans.mlflow import runs

if TYPE_CHECKING:
    from starlette.types import Receive, Send

    from otel_mlflow.asgi.routes import RouteTemplates
    from otel_mlflow.spans.trace import SpanState
    from otel_mlflow.tracing import Tracing

REQUEST_ID_TAG = "request_id"
MAX_CLIENT_REQUEST_ID = 50
"""Characters of a client request id that MLflow's stores have room for (`trace_info.client_request_id`)."""


class UntracedRequest:
    """A request without a trace, in a context in which nothing is traced into MLflow if one is given."""

    def __init__(self, context: context_api.Context | None = None) -> None:
        self._context = context

    def __enter__(self) -> Self:
        if self._context is not None:
            self._token = context_api.attach(self._context)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._context is not None:
            context_api.detach(self._token)

    def receive(self, receive: Receive) -> Receive:
        """`receive` for the application."""
        return receive

    def send(self, send: Send) -> Send:
        """`send` for the application."""
        return send

    def note_exception(self, error: Exception) -> None:
        """The framework is going to answer this exception."""


class ServerSpan:
    """A request with a trace, of which `root` is the span; `ends_span` where that is ours, and nobody else's to end."""

    def __init__(
        self,
        tracing: Tracing,
        routes: RouteTemplates,
        exchange: Exchange,
        root: SpanState,
        context: context_api.Context,
        *,
        ends_span: bool,
    ) -> None:
        self._tracing = tracing
        self._routes = routes
        self._exchange = exchange
        self._root = root
        self._span = root.span
        self._trace = root.trace
        self._ends_span = ends_span
        self._context = with_request(RequestTrace(root.trace, tracing.trace_url), context)
        self._request_id = exchange.request_id or new_request_id()
        self._answered: Exception | None = None
        self._finished = False
        self._decided = False

    def __enter__(self) -> Self:
        self._runs = runs.enter_request(self._trace)
        self._token = context_api.attach(self._context)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._close(error)
        context_api.detach(self._token)
        runs.leave_request(self._runs, failed=self._exchange.outcome != "ok")

    def receive(self, receive: Receive) -> Receive:
        """`receive` for the application, that notes each message on its way."""

        async def noting_receive() -> Message:
            message = await receive()
            self._note_received(message)
            return message

        return noting_receive

    def send(self, send: Send) -> Send:
        """`send` for the application, that adds our response headers and notes each message that was taken."""

        async def noting_send(message: Message) -> None:
            message = self._before_sending(message) or message
            try:
                await send(message)
            except OSError:
                self._exchange.departed()
                raise
            except BaseException as error:
                self._note_interrupted(message, error)
                raise
            self._note_sent(message)

        return noting_send

    def note_exception(self, error: Exception) -> None:
        """The framework is going to answer this exception: it is the reason of a 5xx, and of nothing else."""
        self._answered = error

    @guarded
    def _note_received(self, message: Message) -> None:
        self._exchange.received(message)
        self._hand_over_early()

    @guarded
    def _before_sending(self, message: Message) -> Message:
        self._exchange.sending(message)
        return self._with_headers(message) if message["type"] == "http.response.start" else message

    def _with_headers(self, message: Message) -> Message:
        headers = list(message.get("headers", ()))
        own = find_request_id(headers)
        if own is not None:
            self._trace.metadata.client_request_id = own[:MAX_CLIENT_REQUEST_ID]
        elif self._trace.metadata.client_request_id is None:
            self._trace.metadata.tags.setdefault(REQUEST_ID_TAG, self._request_id)
        trace_id = self._trace.identity.mlflow_trace_id.encode()
        return {**message, "headers": with_ids(headers, trace_id=trace_id, request_id=self._request_id.encode())}

    @guarded
    def _note_sent(self, message: Message) -> None:
        self._exchange.sent(message)
        self._finish_if_complete()
        self._hand_over_early()

    @guarded
    def _note_interrupted(self, message: Message, error: BaseException) -> None:
        if not isinstance(error, Exception):
            self._exchange.interrupted(message)
            self._finish_if_complete()

    def _hand_over_early(self) -> None:
        """A connection or a stream that lasts does not keep what has ended in it."""
        if self._finished or not self._trace.export.is_due:
            return
        if self._exchange.is_sampled and self._tracing.samples(self._trace.identity.mlflow_trace_id_int):
            self._trace.release_early()
        else:
            self._trace.drop_finished()

    def _finish_if_complete(self) -> None:
        # The exception behind a 5xx comes by after its response: the span waits for it.
        if self._exchange.complete and self._exchange.outcome != "error":
            self._finish()

    @guarded
    def _close(self, error: BaseException | None) -> None:
        """The application is done with the request."""
        exchange = self._exchange
        was_ok = self._finished and exchange.outcome == "ok"
        reason = error or (self._answered if exchange.outcome == "error" else None)
        if reason is not None:
            self._note_error(reason)
        exchange.returned()
        self._finish()
        if was_ok and exchange.outcome == "error":
            self._restate()
        self._decide(for_good=True)
        if exchange.outcome == "cancelled":
            self._trace.cut()

    def _note_error(self, error: BaseException) -> None:
        exchange = self._exchange
        exchange.left_by(error)
        if exchange.exception is not None and self._add_exception_event():
            exchange.exception = exchange.exception._replace(stacktrace="")

    def _restate(self) -> None:
        if self._span is not None:
            self._trace.restate_root(self._root, self._span)

    def _add_exception_event(self) -> bool:
        """Add it to the request's span, unless that is over: FastAPI's own ends with the response."""
        if not isinstance(self._span, Span) or not self._span.is_recording() or self._exchange.exception is None:
            return False
        self._span.add_event("exception", semconv.exception(self._exchange.exception))
        return True

    def _finish(self) -> None:
        """The response is over: the span ends here, whatever the application goes on to do."""
        if self._finished:
            return
        self._finished = True
        exchange = self._exchange
        exchange.end()
        exchange.route = self._routes.find(exchange.scope, exchange.path, exchange.endpoint_before)
        if self._ends_span and isinstance(self._span, Span):
            self._end_span(self._span)
        self._tracing.served(exchange)
        self._decide(for_good=False)

    def _end_span(self, span: Span) -> None:
        exchange = self._exchange
        if self._tracing.spans_are_seen_by_others:
            span.update_name(exchange.name)
            span.set_attributes(semconv.at_end(exchange))
            span.set_status(*semconv.status(exchange))
        span.end(exchange.ended_ns)

    def _decide(self, *, for_good: bool) -> None:
        """Keep the trace, or drop it once nothing can happen any more that would keep it."""
        if self._decided:
            return
        exchange = self._exchange
        decision = verdict(
            self._trace.identity.mlflow_trace_id_int,
            outcome=exchange.outcome,
            duration_s=((exchange.ended_ns or exchange.started_ns) - exchange.started_ns) / 1e9,
            http_only=self._trace.tree.seen_spans <= 1,
            settings=self._tracing.settings.tracing,
            is_sampled=exchange.is_sampled,
        )
        self._decided = for_good or decision == "keep"
        if decision == "keep":
            self._trace.release()
        elif for_good:
            self._trace.discard()
            self._tracing.count(decision)
