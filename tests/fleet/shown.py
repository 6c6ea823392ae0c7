"""What the Collectors say of themselves, in a line."""

from __future__ import annotations

from tests.fleet.collector import Collector
from tests.fleet.fleet import Fleet


def shown(fleet: Fleet) -> str:
    """How much waits at each hop, and what has been refused."""
    agents = ", ".join(_queue(agent) for agent in fleet.agents)
    gateways = ", ".join(_queue(gateway) for gateway in fleet.gateways)
    return f"Spans waiting: agents {agents}; gateways {gateways}"


def _queue(collector: Collector) -> str:
    dropped = collector.dropped()
    return f"{collector.queued():.0f}" + (f" ({dropped} dropped)" if dropped else "")
