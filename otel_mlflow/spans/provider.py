"""The tracer provider that OpenTelemetry and MLflow share, and keeping our processor on it.

An application's own provider stays the application's: it keeps its exporters, and its sampler decides about those. It
is given our processor (`gate.py`), records for that one what its sampler drops (`sampler.py`), and takes its ids from
where no `random.seed()` reaches, unless it makes its own. Where there is none we set one, and make room for the
application's if that comes later.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.current import current_span_state
from otel_mlflow.spans.gate import Ends, ProcessorGate
from otel_mlflow.spans.global_provider import GlobalTracerProvider
from otel_mlflow.spans.ids import UniqueIdGenerator
from otel_mlflow.spans.own_provider import OwnTracerProvider
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.sampler import RecordingSampler
from otel_mlflow.spans.trace import TraceOwner

logger = logging.getLogger("otel_mlflow")


class _LeftInAnotherContext(logging.Filter):
    """Silences OpenTelemetry's complaint about a span that is left in another context than it was entered in.

    It happens to every generator that is stepped through, or closed, by another task or thread than the one that
    began it, and it changes nothing: the context that was entered is gone.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, ValueError) and "different Context" in str(error))


@dataclass
class ProviderInUse:
    """What makes the spans of one owner, found once for each provider that the application sets."""

    seen: trace_api.TracerProvider
    """The global provider."""
    seen_inside: object
    """What that one is round, as logfire's is."""
    provider: trace_api.TracerProvider
    own: OwnTracerProvider | None
    """Ours, where the application has none."""
    _tracers: dict[str, trace_api.Tracer] = field(default_factory=dict)

    @property
    def is_ours_alone(self) -> bool:
        """Whether nobody but us sees the spans."""
        return self.own is not None and self.own.is_ours_alone

    def tracer(self, name: str) -> trace_api.Tracer:
        """The tracer of a library."""
        return self._tracers.get(name) or self._tracers.setdefault(name, self.provider.get_tracer(name))


class SharedTracerProvider:
    """Keeps `processor` on whatever tracer provider spans are made with."""

    def __init__(self, processor: OpenTraceSpanProcessor) -> None:
        self._processor = processor
        self._explicit: list[tuple[TraceOwner, TracerProvider]] = []
        self._own: OwnTracerProvider | None = None
        self._global = GlobalTracerProvider()
        self._instrumented: weakref.WeakSet[Any] = weakref.WeakSet()
        self._undo: list[Callable[[], None]] = []
        self._known: dict[TraceOwner | None, ProviderInUse] = {}
        self._filter = _LeftInAnotherContext()
        self._lock = threading.RLock()

    def install(self, owner: TraceOwner, explicit: trace_api.TracerProvider | None, service_name: str) -> None:
        """Put the processor in place: on `explicit` if given, on the global provider, or on one of our own."""
        with self._lock:
            self._known.clear()
            if isinstance(explicit, TracerProvider):
                self._name(owner, explicit)
            self._global.watch(self._follow)
            logging.getLogger("opentelemetry.context").addFilter(self._filter)
            current = self._global.current()
            if _takes_processors(current):
                self._instrument(current)
            else:
                _warn_of_foreign(current)
                self._global.place(self._explicit_of(owner) or self._our_own(service_name))
            if self._in_use(owner) is None:
                self._our_own(service_name)
            self._known.clear()

    @contextmanager
    def naming(self, owner: TraceOwner, explicit: TracerProvider) -> Generator[None, None, None]:
        """Make the spans of this owner with this provider meanwhile."""
        with self._lock:
            self._name(owner, explicit)
        try:
            yield
        finally:
            self.forget(owner)

    def forget(self, owner: TraceOwner) -> None:
        """The provider that this owner named is in use no longer."""
        with self._lock:
            self._explicit = [(other, provider) for other, provider in self._explicit if other is not owner]
            self._known.clear()

    def uninstall(self) -> None:
        """Leave OpenTelemetry as it was. Our processor stays on the providers, and takes nothing more."""
        with self._lock:
            self._global.restore()
            logging.getLogger("opentelemetry.context").removeFilter(self._filter)
            for undo in self._undo:
                undo()
            self._undo.clear()
            self._explicit.clear()
            self._own = None
            self._known.clear()

    def _name(self, owner: TraceOwner, explicit: TracerProvider) -> None:
        self._explicit.append((owner, explicit))
        self._instrument(explicit)

    def tracer(self, name: str, owner: TraceOwner | None = None) -> trace_api.Tracer:
        """A tracer of the provider in use: the owner's, by default that of the trace that is current."""
        if owner is None and self._explicit:
            state = current_span_state()
            owner = state.trace.owner if state is not None else None
        return self.in_use(owner).tracer(name)

    def in_use(self, owner: TraceOwner | None) -> ProviderInUse:
        """The provider that makes the spans of this owner now."""
        seen = self._global.current()
        known = self._known.get(owner)
        if known is None or known.seen is not seen or known.seen_inside is not getattr(seen, "provider", None):
            known = self._known[owner] = self._find(owner, seen)
        return known

    def _find(self, owner: TraceOwner | None, seen: trace_api.TracerProvider) -> ProviderInUse:
        chosen = self._in_use(owner)
        provider = _unwrapped(chosen) or self._own or seen
        if isinstance(provider, TracerProvider):
            self._instrument(provider)  # a proxy may have been given another one
        own = self._own if chosen is None or chosen is self._own else None
        return ProviderInUse(seen, getattr(seen, "provider", None), provider, own)

    def _in_use(self, owner: TraceOwner | None) -> trace_api.TracerProvider | None:
        """The provider that makes this owner's spans; None where there is none but ours to make them.

        A provider that another owner named is not one for all, even if it is the global one for want of any.
        """
        explicit = self._explicit_of(owner)
        if explicit is not None:
            return explicit
        current = self._global.current()
        is_another_s = current is self._global.placed and current is not self._own and owner is not None
        return current if _takes_processors(current) and not is_another_s else None

    def _explicit_of(self, owner: TraceOwner | None) -> TracerProvider | None:
        return next((provider for other, provider in self._explicit if other is owner), None)

    def _our_own(self, service_name: str) -> TracerProvider:
        if self._own is None:
            self._own = OwnTracerProvider(self._processor, service_name)
        return self._own

    def _follow(self, before: trace_api.TracerProvider | None, tracer_provider: trace_api.TracerProvider) -> None:
        """The application's provider takes over from ours, at any time."""
        with self._lock:
            if not _takes_processors(tracer_provider):
                return
            application = _unwrapped(tracer_provider)
            if self._own is not None and before is self._own:
                self._own.show_to(application, _processors_of(application))
            self._instrument(tracer_provider)

    def _instrument(self, provider: Any) -> None:
        if provider is self._own:
            return
        sdk_provider = _unwrapped(provider)
        processors = _processors_of(sdk_provider)
        if sdk_provider not in self._instrumented:
            self._instrumented.add(sdk_provider)
            provider.add_span_processor(self._processor if processors is None else Ends(self._processor))
        if processors is not None and not isinstance(sdk_provider.sampler, RecordingSampler):
            self._undo += (
                ProcessorGate(processors, self._processor).remove,
                _replace(sdk_provider, "sampler", RecordingSampler(sdk_provider.sampler, self._processor.wants)),
            )
            if type(sdk_provider.id_generator) is RandomIdGenerator:
                self._undo.append(_replace(sdk_provider, "id_generator", UniqueIdGenerator()))


class SeenByOthers:
    """Whether anybody but us sees the spans of an owner, as a truth value: a provider may come at any time."""

    def __init__(self, provider: SharedTracerProvider, owner: TraceOwner) -> None:
        self._provider = provider
        self.owner = owner

    def __bool__(self) -> bool:
        return not self._provider.in_use(self.owner).is_ours_alone


def _replace(provider: Any, name: str, ours: object) -> Callable[[], None]:
    """Also in the tracers that were handed out before; SDKs before 1.40 do not know those, and they keep theirs."""
    theirs = getattr(provider, name)

    def use(value: object) -> None:
        for each in (provider, *list(getattr(provider, "_tracers", {}).values())):
            setattr(each, name, value)

    use(ours)
    return lambda: use(theirs)


def _processors_of(provider: TracerProvider) -> SpanProcessor | None:
    """What the provider shows its spans to; None where that cannot be told."""
    processors = getattr(provider, "_active_span_processor", None)
    if isinstance(processors, SpanProcessor):
        return processors
    INTEGRATIONS.leave_out("opentelemetry_provider", "TracerProvider._active_span_processor is not there")
    return None


def _warn_of_foreign(provider: trace_api.TracerProvider) -> None:
    """Say that nobody can see the spans of a provider that is not the SDK's, ddtrace's for one."""
    if not isinstance(provider, (trace_api.ProxyTracerProvider, trace_api.NoOpTracerProvider, TracerProvider)):
        logger.warning(
            "the global tracer provider is %s.%s, which takes no span processors: spans that are opened with it do not "
            "reach MLflow. To mend it: set one of opentelemetry.sdk.trace, or pass it as tracer_provider.",
            type(provider).__module__,
            type(provider).__qualname__,
        )


def _takes_processors(provider: object) -> bool:
    """Whether it is the SDK's, or round one of the SDK's, as logfire's is, and not switched off (OTEL_SDK_DISABLED)."""
    inside = _unwrapped(provider)
    is_the_sdk_s = isinstance(inside, TracerProvider) and hasattr(provider, "add_span_processor")
    return is_the_sdk_s and not getattr(inside, "_disabled", False)


def _unwrapped(provider: object) -> Any:
    return provider if isinstance(provider, TracerProvider) else getattr(provider, "provider", None)
