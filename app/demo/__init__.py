"""`make demo`: a local MLflow, the slide agent, one question, and the trace of its answer."""

from __future__ import annotations
