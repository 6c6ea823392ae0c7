"""A Genie space that answers in pages, behind links, late, or not at all, with the real SDK over real HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import Field

from app.agent.agent import slide_agent
from app.agent.model import EmbeddedSlideModel
from app.data.conversation import Conversation, Conversations, in_conversations
from app.data.databricks import ANY_SPACE, DatabricksGenieSpace
from app.data.genie import EmbeddedSpace, GenieAnswer, GenieError, genie_tool
from app.settings import AppSettings
from app.workspace import Workspace as Client
from tests.app.models import speak
from tests.app.workspaces import signed_in
from tests.servers.workspace import Asked, Fault, Reply, Workspace
from tests.servers.workspace.genie import SPACE_ID, STATES, Genie

MONTHS = "revenue by month"
pytestmark = pytest.mark.anyio


@pytest.fixture
def genie() -> Genie:
    """The Genie space of the stand-in."""
    return Genie()


@pytest.fixture
def workspace(genie: Genie, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace, and the environment of somebody who uses it."""
    with signed_in(monkeypatch, genie) as workspace:
        yield workspace


@pytest.fixture
def space(workspace: Workspace) -> DatabricksGenieSpace:
    """The space, without pauses."""
    return DatabricksGenieSpace(Client(), SPACE_ID, pause=0, poll=0)


def whole() -> str:
    """All rows, as the embedded space has them."""
    return EmbeddedSpace().ask(MONTHS, Conversation()).rows


@pytest.mark.parametrize("page_rows", [1, 7, 1000])
def test_all_pages_are_read(space: DatabricksGenieSpace, genie: Genie, page_rows: int) -> None:
    """However many rows a page has."""
    genie.page_rows = page_rows
    assert space.ask(MONTHS, Conversation()).rows == whole()


def test_rows_behind_links_are_fetched_without_our_credentials(
    space: DatabricksGenieSpace, genie: Genie, workspace: Workspace
) -> None:
    """The links are their own; each page of links leads to the next."""

    def page(asked: Asked) -> Reply:
        return Reply(genie.pages[int(asked.path.rpartition("/")[2])])

    for number in range(8):
        workspace.storage_server.routes.add("GET", f"/pages/{number}", page)
    genie.page_rows, genie.links_to = 5, f"{workspace.storage_server.url}/pages"
    assert space.ask(MONTHS, Conversation()).rows == whole()
    assert workspace.storage_server.requests
    assert all("authorization" not in one.headers for one in workspace.storage_server.requests)


def test_links_that_lead_nowhere_are_an_error(space: DatabricksGenieSpace, genie: Genie, workspace: Workspace) -> None:
    """Not an answer without rows."""
    genie.links_to = f"{workspace.storage_server.url}/gone"
    with pytest.raises(GenieError, match="behind an external link cannot be fetched: 403"):
        space.ask(MONTHS, Conversation())


def test_the_sql_is_shown(space: DatabricksGenieSpace) -> None:
    """With the words about it."""
    assert "Statement: SELECT month" in space.ask(MONTHS, Conversation()).message


def test_a_space_is_described_in_its_own_words(space: DatabricksGenieSpace, genie: Genie) -> None:
    """Nothing of any other data; without an answer only what is true of any space."""
    assert "coffee" not in genie_tool(space).description
    assert "The space is about Roastery: The sales of a roastery" in space.describe()


class TwoQuestions(GenericFakeChatModel):
    """A model that asks each of its tools, and remembers what they are said to be for."""

    offered: dict[str, str] = Field(default_factory=dict)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Remember the tools."""
        self.offered.update({tool.name: tool.description for tool in tools})
        return self


class NamedSpace(EmbeddedSpace):
    """A space that says what it is about."""

    def __init__(self, about: str) -> None:
        self._about = about

    def describe(self) -> str:
        """In a word."""
        return self._about


async def test_several_spaces_are_tools_of_their_own_with_a_conversation_each() -> None:
    """Each under its own description; what is stored leads back to both conversations."""
    calls = [{"name": f"query_genie_space_{name}", "args": {"query": MONTHS}, "id": name} for name in ("sales", "help")]
    model = TwoQuestions(messages=iter([AIMessage("", tool_calls=calls), AIMessage("Done.")]))
    agent = slide_agent(model, {"sales": NamedSpace("what was sold"), "help": NamedSpace("who called")})
    with in_conversations("") as conversations:
        said = await agent.ainvoke({"messages": [HumanMessage("Compare")]})
    assert model.offered == {"query_genie_space_sales": "what was sold", "query_genie_space_help": "who called"}
    assert [one.status for one in said["messages"] if isinstance(one, ToolMessage)] == ["success", "success"]
    again = Conversations(conversations.to_text())
    ids = {again.with_space(name).id for name in ("sales", "help")}
    assert len(ids - {""}) == 2


def test_a_conversation_that_was_stored_by_its_id_is_gone_on_with() -> None:
    """As long as there is one space, its id alone is stored."""
    assert Conversations("c-1").with_space("").id == "c-1"
    assert Conversations("c-1").to_text() == "c-1"


def test_a_space_that_says_nothing_of_itself_is_any_space(workspace: Workspace, space: DatabricksGenieSpace) -> None:
    """The model can ask it all the same."""
    workspace.api.faults.add("/genie/spaces/", Fault(404, "NOT_FOUND"), times=1)
    assert space.describe() == ANY_SPACE


def test_a_busy_genie_is_not_asked_for_ever(space: DatabricksGenieSpace, workspace: Workspace) -> None:
    """The error says why, at once where the pause asked for is too long."""
    workspace.api.faults.add("/start-conversation", Fault(429, "TOO_MANY", "slow down", {"Retry-After": "3600"}))
    with pytest.raises(GenieError, match=r"Genie is busy.*slow down"):
        space.ask(MONTHS, Conversation())
    assert workspace.api.count("POST", ".*/start-conversation") == 1


def test_a_short_pause_is_made(space: DatabricksGenieSpace, workspace: Workspace) -> None:
    """And the question answered."""
    workspace.api.faults.add("/start-conversation", Fault(429, "TOO_MANY", headers={"Retry-After": "0"}), times=1)
    assert space.ask(MONTHS, Conversation()).rows == whole()


@pytest.mark.parametrize("status", [401, 403])
def test_an_error_tells_nothing_of_a_credential(space: DatabricksGenieSpace, workspace: Workspace, status: int) -> None:
    """Whatever the workspace quotes."""
    token = "da" + "pi" + "0123456789abcdef" * 2
    workspace.api.faults.add("/start-conversation", Fault(status, "DENIED", f"Bad token {token}"))
    with pytest.raises(GenieError) as raised:
        space.ask(MONTHS, Conversation())
    assert token[:12] not in str(raised.value)


async def test_a_turn_that_ends_asks_genie_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that waits for an answer stops waiting when the turn is cancelled."""
    with Workspace(Genie(states=STATES * 1000)) as workspace:
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        space, ended = WatchedSpace(Client(), SPACE_ID, poll=0.01), threading.Event()
        space.ended = ended
        task = asyncio.create_task(ask(space))
        while workspace.api.count("GET", ".*/messages/.*") < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert await asyncio.to_thread(ended.wait, 60)


async def ask(space: DatabricksGenieSpace) -> None:
    """Ask as a turn does."""
    with in_conversations(""):
        await genie_tool(space).ainvoke({"query": MONTHS})


class WatchedSpace(DatabricksGenieSpace):
    """Says when its thread has come to an end."""

    ended = threading.Event()

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """The same."""
        try:
            return super().ask(query, conversation)
        finally:
            self.ended.set()


class OtherData(EmbeddedSpace):
    """A space of quite other data than the bundled one."""

    def __init__(self, rows: str) -> None:
        self._rows = rows

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """The same rows, whatever the question."""
        return GenieAnswer("Some rows.", self._rows)


@pytest.mark.parametrize(
    "rows",
    [
        "shop,town,sales\nA,Bonn,1\nB,Ulm,2\n",
        "count\n7\n",
        "name,when\nA,2024-01-01\n",
        "a,b\n,\n",
        "a,b\n1\n",
        "only a header\n",
        "x,y\nA,-1\nB,0\n",
        "x,y\nA,0\n",
        "month,y\n2024-13,1\n",
    ],
)
async def test_the_embedded_model_takes_any_data(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient, rows: str
) -> None:
    """What it cannot draw it says so: never a 500."""
    assert list(csv.reader(io.StringIO(rows)))
    speak(app, settings, slide_agent(EmbeddedSlideModel(), {"": OtherData(rows)}))
    for question in ("revenue by region", "sales by shop"):
        answer = await client.post("/api/chat", json={"message": question})
        assert answer.status_code == 200, answer.text
