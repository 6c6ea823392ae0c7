"""The company data that the agent may ask about, behind the contract of a Databricks Genie space."""

from __future__ import annotations
