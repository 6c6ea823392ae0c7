"""What Prometheus scrapes, in OpenTelemetry's names: recorded off the request's path, right with several workers."""

from __future__ import annotations
