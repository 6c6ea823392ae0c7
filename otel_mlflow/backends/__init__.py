"""What delivery, the doctor and the dashboard ask of an MLflow backend over HTTP."""

from __future__ import annotations
