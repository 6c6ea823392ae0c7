"""MLflow is stopped while the slide agent is in the middle of a turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.slide_service import ADA, SECONDS, TURN_OUTCOME, SlideService
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

pytestmark = pytest.mark.soak
ASKED = {"message": "revenue by region in 2024", "max_slides": 2}


def test_the_turn_finishes_the_light_turns_and_the_trace_arrives_later(tmp_path: Path) -> None:
    """The person notices nothing but the light; when MLflow is back, so are the trace and the green."""
    folder = tmp_path / "mlflow"
    folder.mkdir()
    mlflow = MlflowServer(folder)
    service = SlideService("tests.app.served:held", folder=tmp_path / "slides", tracking_uri=mlflow.url)
    try:
        ordered = service.post("/api/chat/async", ASKED)
        until(lambda: service.get("/control/reached").json(), seconds=SECONDS, waiting_for=lambda: service.server.log)
        mlflow.stop()
        service.post("/control/go")
        job = service.polled(ordered)
        assert (job["status"], job["result"]["slide_deck"]["slide_count"]) == ("completed", 2)
        until(
            lambda: service.status()["state"] == "degraded" and service.status()["reason"],
            seconds=SECONDS,
            waiting_for=lambda: str(service.status()),
        )
        answer = service.post("/api/chat", {**ASKED, "session_id": job["session_id"]})
        assert service.get(f"/api/slides?session_id={job['session_id']}", headers=ADA).json() == answer["slide_deck"]
        mlflow.start()
        expected = [ordered["trace_id"], answer["metadata"]["trace_id"]]
        assert service.arrived(expected, 12, TURN_OUTCOME).keys() == set(expected)
        service.wait_until_ready()
    finally:
        service.server.terminate()
        mlflow.stop()
