"""A Databricks workspace: credentials, identity, experiments, trace location, artifact storage."""

from __future__ import annotations
