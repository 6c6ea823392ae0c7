"""A finished trace reaches MLflow, whatever happens in between."""

from __future__ import annotations

from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock
from otel_mlflow.delivery.delivery import Delivery
from otel_mlflow.delivery.destinations.base import Connected, Destination
from otel_mlflow.delivery.health import DeliveryState
from otel_mlflow.delivery.records import Encodable, Outcome, SpooledFeedback, SpooledTrace
from otel_mlflow.status import Status

DeliveryStatus = Status

__all__ = [
    "SYSTEM_CLOCK",
    "Clock",
    "Connected",
    "Delivery",
    "DeliveryState",
    "DeliveryStatus",
    "Destination",
    "Encodable",
    "Outcome",
    "SpooledFeedback",
    "SpooledTrace",
]
