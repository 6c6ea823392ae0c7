"""Assessments of classic traces."""

from __future__ import annotations

import secrets
from typing import Any

from tests.servers.workspace.asked import Asked, FailedError, missing
from tests.servers.workspace.routing import Routes
from tests.servers.workspace.traces import V3, Traces


class Assessments:
    """They are kept in the infos of their traces, where reading a trace finds them."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", f"{V3}/{{trace_id}}/assessments", self._create)
        routes.add("GET", f"{V3}/{{trace_id}}/assessments/{{assessment_id}}", self._get)

    def of(self, trace_id: str) -> list[dict[str, Any]]:
        """What was said of a trace."""
        found: list[dict[str, Any]] = self._traces.get(trace_id).setdefault("assessments", [])
        return found

    def _create(self, asked: Asked, trace_id: str) -> dict[str, Any]:
        assessment = {"assessment_id": f"a-{secrets.token_hex(16)}", **asked.json()["assessment"], "trace_id": trace_id}
        said = self.of(trace_id)
        if any(each["assessment_id"] == assessment["assessment_id"] for each in said):
            raise FailedError(400, "ALREADY_EXISTS", f"Assessment {assessment['assessment_id']} already exists.")
        said.append(assessment)
        return {"assessment": assessment}

    def _get(self, asked: Asked, trace_id: str, assessment_id: str) -> dict[str, Any]:
        for assessment in self.of(trace_id):
            if assessment["assessment_id"] == assessment_id:
                return {"assessment": assessment}
        raise missing(f"Assessment {assessment_id} not found.")
