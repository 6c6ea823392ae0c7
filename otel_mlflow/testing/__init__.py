"""What a user's own tests need: the traces they produced, in memory, without a server.

    from otel_mlflow.testing import capture

    with capture() as traces:
        client.post("/ask", json={"question": "?"})
    assert traces[0].info.tags["http.route"] == "/ask"

The pytest fixture `mlflow_traces` does the same around a test; it comes with the plugin beside this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from mlflow.entities import Trace

    from otel_mlflow.testing.memory_delivery import MemoryDelivery


class CapturedTraces(Sequence["Trace"]):
    """The traces finished so far, as MLflow's own `Trace` objects, oldest first."""

    def __init__(self, delivery: MemoryDelivery) -> None:
        self._delivery = delivery

    def __len__(self) -> int:
        return len(self._delivery.traces())

    @overload
    def __getitem__(self, index: int) -> Trace: ...

    @overload
    def __getitem__(self, index: slice) -> list[Trace]: ...

    def __getitem__(self, index: int | slice) -> Trace | list[Trace]:
        return self._delivery.traces()[index]

    def __repr__(self) -> str:
        return f"CapturedTraces({[trace.info.trace_id for trace in self]})"


@contextmanager
def capture() -> Iterator[CapturedTraces]:
    """Collect the traces that are finished inside the `with` block, in place of sending them anywhere.

    Works for applications that are instrumented already, and for MLflow's fluent API on its own.
    """
    from otel_mlflow.spans.bridge import BRIDGE
    from otel_mlflow.testing.memory_delivery import MemoryDelivery
    from otel_mlflow.tracing import Tracing

    delivery = MemoryDelivery()
    with ExitStack() as stack:
        stack.enter_context(BRIDGE.diverted_to(delivery))
        if not BRIDGE.is_installed:
            stack.callback(Tracing().shutdown)
        yield CapturedTraces(delivery)
