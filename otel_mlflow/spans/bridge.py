"""What is shared by all `Tracing` objects of a process: there is one global tracer provider, and one MLflow."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans import enclosing, propagation, registry
from otel_mlflow.spans.mlflow.autologging import FlavourOff, disable_autologging, enable_autologging, log_trouble
from otel_mlflow.spans.mlflow.bridge import MlflowBridge
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.provider import SharedTracerProvider
from otel_mlflow.spans.trace import OpenTrace, TraceOwner

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from otel_mlflow.delivery.records import Outcome, TraceRecord


_LANGCHAIN = "langchain"


class TraceSink(Protocol):
    """Where finished traces go."""

    def put(self, trace: OpenTrace) -> None:
        """Take a trace of which something is finished."""

    def put_written(self, record: TraceRecord) -> None:
        """Take more of a trace, which is written down already."""

    def let_writer_in(self) -> None:
        """Go on writing at once."""

    def put_feedback(self, trace_id: str, payload: bytes) -> bool:
        """Take what was said about a trace."""

    def count(self, outcome: Outcome) -> None:
        """Account for a request that leaves no trace."""


class Bridge:
    """Puts OpenTelemetry, MLflow and LangChain together while at least one owner of traces wants it."""

    def __init__(self) -> None:
        self.processor = OpenTraceSpanProcessor()
        self.provider = SharedTracerProvider(self.processor)
        self.diversion: TraceSink | None = None
        self._mlflow = MlflowBridge()
        self._owners: list[TraceOwner] = []
        self._flavours: set[str] = set()
        self.flavours_off: list[FlavourOff] = []
        """What was asked for and could not be enabled."""
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=registry.continue_in_child)

    def install(
        self, owner: TraceOwner, tracer_provider: TracerProvider | None, service_name: str, flavours: Sequence[str]
    ) -> None:
        """Wire everything for `owner`; traces that begin outside any request go to the one that came first."""
        with self._lock, ExitStack() as undo:
            INTEGRATIONS.check_all()
            self._owners.append(owner)
            undo.callback(self.uninstall, owner)
            self.processor.default_owner = self._owners[0]
            self.provider.install(owner, tracer_provider, service_name)
            propagation.keep_in_global_propagator()
            enclosing.install()
            self._mlflow_on()
            self._enable(flavours)
            undo.pop_all()

    def uninstall(self, owner: TraceOwner) -> None:
        """Unwire `owner`; with the last one, everything is as it was before the first came."""
        with self._lock:
            if owner not in self._owners:
                return
            self._owners.remove(owner)
            self.provider.forget(owner)
            self.processor.default_owner = self._owners[0] if self._owners else None
            if not self._owners:
                self.provider.uninstall()
                propagation.remove_from_global_propagator()
                enclosing.uninstall()
                registry.forget_kept()
                self._mlflow_off()

    @property
    def is_installed(self) -> bool:
        """Whether anybody's spans are taken."""
        return bool(self._owners)

    @property
    def flavours(self) -> frozenset[str]:
        """The flavours of MLflow's autologging that are on."""
        return frozenset(self._flavours)

    @contextmanager
    def diverted_to(self, sink: TraceSink) -> Iterator[None]:
        """Send what is finished meanwhile to `sink`, in place of delivering it."""
        before, self.diversion = self.diversion, sink
        try:
            yield
        finally:
            self.diversion = before

    def hand_over_open_traces(self, owner: TraceOwner) -> None:
        """Before the process ends: what is finished of traces that are not is handed over."""
        for trace in registry.open_traces():
            undecided = not trace.export.released and not trace.export.discarded
            if trace.owner is owner and undecided and trace.tree.open_spans:
                trace.export.held = False
                trace.release()

    def _enable(self, flavours: Sequence[str]) -> None:
        new = {*enable_autologging(flavours, self._miss)} - self._flavours
        self._flavours |= new
        if _LANGCHAIN in new:
            self._check_langchain()

    def _check_langchain(self) -> None:
        """Do without LangChain's spans if they do not arrive."""
        from otel_mlflow.spans.langchain import tracer
        from otel_mlflow.spans.mlflow.self_test import SelfTest

        if (failure := tracer.check(SelfTest(self.provider, self.processor))) is not None:
            self._flavours.remove(_LANGCHAIN)
            disable_autologging([_LANGCHAIN])
            INTEGRATIONS.fail(_LANGCHAIN, failure)

    def _miss(self, off: FlavourOff) -> None:
        log_trouble(off)
        self.flavours_off.append(off)

    def _mlflow_on(self) -> None:
        from otel_mlflow.spans.mlflow import runs

        self._mlflow.install(self.provider, self.processor)
        runs.install()

    def _mlflow_off(self) -> None:
        from otel_mlflow.spans.mlflow import runs

        self._mlflow.uninstall()
        runs.uninstall()
        disable_autologging(self._flavours)
        self._flavours.clear()
        self.flavours_off = []


BRIDGE = Bridge()
