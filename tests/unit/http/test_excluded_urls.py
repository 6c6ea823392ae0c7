"""Requests that are not traced, by their URL."""

from __future__ import annotations

import tracemalloc

import pytest

from otel_mlflow.http.exchange import Exchange
from otel_mlflow.http.excluded_urls import ExcludedUrls
from otel_mlflow.settings.defaults import EXCLUDED_URLS
from tests.unit.asgi_calls import Call, empty_answer


def excluded(patterns: tuple[str, ...], request: str, host: str = "shop.example") -> bool:
    """Whether a request is excluded by these patterns."""
    scope = Call(empty_answer, request, headers={"host": host}).scope
    return ExcludedUrls(patterns).match(scope, Exchange(scope, capture_bytes=None).headers)


@pytest.mark.parametrize("path", ["/health", "/healthz", "/api/health/", "/livez", "/metrics", "/ops/status", "/docs"])
def test_by_default_those_who_watch_are_not_watched(path: str) -> None:
    """Health checks, metrics, the ops dashboard, the framework's own pages."""
    assert excluded(EXCLUDED_URLS, f"GET {path}")


@pytest.mark.parametrize("path", ["/", "/healthy-food", "/api/docs", "/api/metrics/7", "/opinions"])
def test_by_default_everybody_else_is_traced(path: str) -> None:
    """What only looks alike is somebody's own."""
    assert not excluded(EXCLUDED_URLS, f"GET {path}")


@pytest.mark.parametrize(
    "pattern", ["internal", "^/internal", r"http://shop\.example/internal", r"/internal/x\?a=1$", "^http://shop"]
)
def test_patterns_are_searched_in_the_path_and_in_the_whole_url(pattern: str) -> None:
    """As OpenTelemetry's instrumentation does it, so that its patterns can be taken over."""
    assert excluded((pattern,), "GET /internal/x?a=1")


def test_any_pattern_will_do() -> None:
    """They are alternatives, each for itself: what ends one does not begin the next."""
    assert excluded(("^/a$", "^/b$"), "GET /b")
    assert not excluded(("^/a$", "^/b$"), "GET /c")


def test_without_patterns_nothing_is_excluded() -> None:
    """`tracing.excluded_urls: []`."""
    assert not excluded((), "GET /health")


def test_long_paths_are_not_kept_in_memory() -> None:
    """A caller may choose a thousand of them, of 64 KB each."""
    urls = ExcludedUrls((*EXCLUDED_URLS, "/internal/"))
    tracemalloc.start()
    try:
        for number in range(1000):
            urls.match({"type": "http", "path": f"/{number:064000d}"}, {})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000
