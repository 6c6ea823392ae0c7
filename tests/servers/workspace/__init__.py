"""A Databricks workspace to test against: paths and bodies follow the sources of MLflow's client and databricks-sdk."""

from __future__ import annotations

from tests.servers.workspace.asked import Asked, FailedError, Reply
from tests.servers.workspace.faults import Fault
from tests.servers.workspace.routing import Routes
from tests.servers.workspace.workspace import CLIENT_ID, CLIENT_SECRET, TOKEN, USER, Workspace

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "TOKEN",
    "USER",
    "Asked",
    "FailedError",
    "Fault",
    "Reply",
    "Routes",
    "Workspace",
]
