"""Work on behalf of the person who asks: their own token goes to the workspace, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.application import untraced_app
from app.settings import AppSettings, DatabricksSettings
from app.workspace import Workspace as Client
from tests.app.chat_clients import CHAT_CLIENTS
from tests.servers.workspace import Workspace
from tests.servers.workspace.genie import SPACE_ID, Genie
from tests.servers.workspace.serving import ENDPOINT, Serving

QUESTION = {"message": "revenue by region in 2024", "max_slides": 2}
OWN = "a-persons-own-" + "token"
ADA = {"X-Forwarded-Email": "ada@example.com", "X-Forwarded-Access-Token": OWN}
pytestmark = pytest.mark.anyio


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace that knows the person."""
    with Workspace(Serving(), Genie(states=("EXECUTING_QUERY",))) as workspace:
        workspace.auth.personal[OWN] = "ada@example.com"
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        yield workspace


@pytest.fixture(params=CHAT_CLIENTS)
async def client(
    workspace: Workspace, settings: AppSettings, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app in databricks mode, which works on behalf of its users."""
    databricks = DatabricksSettings(
        chat_client=request.param, serving_endpoint=ENDPOINT, genie_space_id=SPACE_ID, on_behalf_of_user=True
    )
    own = settings.model_copy(update={"model": "databricks", "data": "databricks", "databricks": databricks})
    transport = httpx.ASGITransport(untraced_app(own, Client()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def done(client: httpx.AsyncClient, ordered: Any) -> Any:
    """The job when it is over."""
    while (job := (await client.get(f"/api/chat/poll/{ordered['request_id']}", headers=ADA)).json())["status"] in (
        "pending",
        "running",
    ):
        await asyncio.sleep(0.02)
    return job


async def test_model_and_genie_are_asked_as_the_person(client: httpx.AsyncClient, workspace: Workspace) -> None:
    """In a turn and in a job."""
    assert (await client.post("/api/chat", json=QUESTION, headers=ADA)).status_code == 200
    job = await done(client, (await client.post("/api/chat/async", json=QUESTION, headers=ADA)).json())
    assert job["status"] == "completed"
    asked = [one for one in workspace.api.requests if "/genie/" in one.path or "/serving-endpoints/" in one.path]
    assert {one.headers["authorization"] for one in asked} == {f"Bearer {OWN}"}


async def test_the_token_is_not_kept(client: httpx.AsyncClient, settings: AppSettings) -> None:
    """Not in the database, not in what is answered."""
    ordered = (await client.post("/api/chat/async", json=QUESTION, headers=ADA)).json()
    job = await done(client, ordered)
    files = [path.read_bytes() for path in Path(settings.database).parent.rglob("*") if path.is_file()]
    assert OWN.encode() not in b"".join(files)
    assert OWN not in str(job)


async def test_without_a_token_nothing_is_asked(client: httpx.AsyncClient, workspace: Workspace) -> None:
    """The app's own rights do not stand in for the person's."""
    answer = await client.post("/api/chat", json=QUESTION)
    assert answer.status_code == 403
    assert workspace.api.requests == []
