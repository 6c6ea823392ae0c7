"""What a scrape holds."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.servers.app_server import AppServer
from tests.servers.process import until

SERVED = "http_server_request_duration_seconds_count"


class Scrape:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: list[Sample] = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def matching(self, name: str, **labels: str) -> Iterator[Sample]:
        """The samples of a metric that have these labels; to Prometheus an empty one is none."""
        named = (sample for sample in self.samples if sample.name == name)
        return (s for s in named if all(s.labels.get(label, "") == value for label, value in labels.items()))

    def total(self, name: str, **labels: str) -> float:
        """Their sum, over all processes."""
        return sum(sample.value for sample in self.matching(name, **labels))


def scrape(server: AppServer) -> Scrape:
    """Scrape once, on a connection of its own: any worker may answer."""
    return Scrape(httpx.get(f"{server.url}/ops/metrics", timeout=30).raise_for_status().text)


def scraped(server: AppServer, requests: float) -> Scrape:
    """Scrape until so many requests are counted; they never become fewer."""
    most = 0.0

    def look() -> Scrape | None:
        nonlocal most
        found = scrape(server)
        total = found.total(SERVED)
        assert most <= total <= requests, f"{total} requests counted after {most}, of {requests}"
        most = total
        return found if total == requests else None

    return until(look, seconds=60, waiting_for=lambda: f"{requests} requests to be counted, {most} are")
