"""Requests of which there is no trace: what is opened in them is none of ours either."""

from __future__ import annotations

from opentelemetry import context as context_api


class UntracedRequest:
    """A request that is left alone, in a context in which nothing is traced into MLflow if one is given."""

    def __init__(self, context: context_api.Context | None) -> None:
        self._context = context

    def __enter__(self) -> None:
        if self._context is not None:
            self._token = context_api.attach(self._context)

    def __exit__(self, *_: object) -> None:
        if self._context is not None:
            context_api.detach(self._token)
