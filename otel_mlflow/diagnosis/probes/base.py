"""What the doctor asks of a backend."""

from __future__ import annotations

from typing import Protocol

from otel_mlflow.diagnosis.check_result import CheckResult


class Probe(Protocol):
    """One backend. Every method may raise a `DeliveryError`, and takes no longer than its timeouts where it can."""

    def reach(self) -> CheckResult:
        """Get any response."""

    def identify(self) -> CheckResult:
        """Be let in, and say as whom and with credentials from where."""
