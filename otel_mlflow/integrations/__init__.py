"""What we lean on in other packages that they do not promise, and what is left out where it is gone.

`table.py` joins every private name by integration (`of_*.py`), `probe.py` checks them, `self_tests.py` tries them. An
integration whose names are not all there, or whose self-test fails, is left out: the application starts and serves
without it, and `status()` says so.
"""

from __future__ import annotations

from otel_mlflow.integrations.integration import Integration, PrivateName
from otel_mlflow.integrations.probe import INTEGRATIONS, Integrations, LeftOut
from otel_mlflow.integrations.table import TABLE

__all__ = ["INTEGRATIONS", "TABLE", "Integration", "Integrations", "LeftOut", "PrivateName"]
