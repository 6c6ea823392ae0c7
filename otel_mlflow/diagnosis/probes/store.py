"""A tracking store in this process: whether its database opens."""

from __future__ import annotations

from otel_mlflow.delivery.destinations.tracking_store import open_store
from otel_mlflow.diagnosis.check_result import CheckResult, ok
from otel_mlflow.settings.addresses import redacted_address


class StoreProbe:
    """The store at `uri`."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._shown = redacted_address(uri)

    def reach(self) -> CheckResult:
        """Open the database, which makes it where it is missing, as the app would."""
        open_store(self._uri, self._shown)
        return ok(f"the tracking store at {self._shown} opens")

    def identify(self) -> CheckResult:
        """Nobody is asked who he is."""
        return ok("none are needed: the store is opened by this process itself")
