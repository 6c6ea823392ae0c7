"""Databricks mode's parts with the real clients, against a stand-in of the workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk

from app.agent.errors import ModelError
from app.agent.openai_format import body_of, chunk_of, data_of
from app.agent.pieces import Pieces
from app.data.conversation import Conversation
from app.data.databricks import DatabricksGenieSpace
from app.data.genie import EmbeddedSpace, GenieError, genie_tool
from app.settings import ChatClient
from app.workspace import Workspace as Client
from tests.app.chat_clients import ASKED, CHAT_CLIENTS, chat_model
from tests.app.workspaces import signed_in
from tests.servers.workspace import TOKEN, Fault, Workspace
from tests.servers.workspace.genie import SPACE_ID, Genie
from tests.servers.workspace.serving import ENDPOINT, SERVED_MODEL, Serving

QUESTION = HumanMessage("revenue by region in 2024")


@pytest.fixture
def genie() -> Genie:
    """The Genie space of the stand-in."""
    return Genie()


@pytest.fixture
def workspace(genie: Genie, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace, and the environment of somebody who uses it."""
    with signed_in(monkeypatch, Serving(), genie) as workspace:
        yield workspace


@pytest.fixture(params=CHAT_CLIENTS)
def chat_client(request: pytest.FixtureRequest) -> ChatClient:
    """Each client that there is."""
    client: ChatClient = request.param
    return client


@pytest.fixture
def model(workspace: Workspace, chat_client: ChatClient) -> Any:
    """The chat model with the data tool bound."""
    return chat_model(chat_client, ENDPOINT).bind_tools([genie_tool(EmbeddedSpace())])


@pytest.fixture
def space(workspace: Workspace) -> DatabricksGenieSpace:
    """The space, without pauses."""
    return DatabricksGenieSpace(Client(), SPACE_ID, pause=0, poll=0)


def test_a_tool_call_comes_as_langchain_has_it(model: Any) -> None:
    """Name, arguments and id; the model that was really called, where the client tells it; tokens."""
    said = model.invoke([SystemMessage("at most 3 slides"), QUESTION])
    assert [(call["name"], call["args"]) for call in said.tool_calls] == [
        ("query_genie_space", {"query": "revenue by region in 2024"})
    ]
    assert said.response_metadata["model_name"] in (SERVED_MODEL, ENDPOINT)
    assert said.usage_metadata["total_tokens"] > 0


@pytest.mark.anyio
async def test_streamed_it_says_the_same(model: Any) -> None:
    """The pieces add up: words in more than one piece, calls, usage."""
    call = await model.ainvoke([QUESTION])
    rows = ToolMessage("no such column", tool_call_id=call.tool_calls[0]["id"], status="error")
    asked = [SystemMessage("at most 1 slides"), QUESTION, call, rows]
    for start in ([QUESTION], asked):
        whole, pieces = await model.ainvoke(start), [piece async for piece in model.astream(start)]
        total = pieces[0]
        for piece in pieces[1:]:
            total += piece
        assert (total.text, total.tool_calls, total.usage_metadata) == (
            whole.text,
            whole.tool_calls,
            whole.usage_metadata,
        )


def test_the_credentials_are_those_of_the_environment(model: Any, workspace: Workspace) -> None:
    """As the traces', so the model's."""
    model.invoke([QUESTION])
    asked = [one for one in workspace.api.requests if one.path.startswith("/serving-endpoints/")]
    assert [one.headers["authorization"] for one in asked] == [f"Bearer {TOKEN}"]


def test_an_endpoint_that_is_not_there_is_named(workspace: Workspace, chat_client: ChatClient) -> None:
    """The error says which, what was answered, and where it is set."""
    with pytest.raises(ModelError, match=r"'other' answered 404.*databricks\.serving_endpoint"):
        chat_model(chat_client, "other").invoke([QUESTION])


def test_a_model_that_is_busy_is_asked_again(model: Any, workspace: Workspace) -> None:
    """429 with a delay is obeyed."""
    workspace.api.faults.add(ASKED, Fault(status=429, headers={"Retry-After": "0"}), times=2)
    assert model.invoke([QUESTION]).tool_calls
    assert workspace.api.count("POST", ASKED) == 3


def test_a_connection_that_is_cut_is_a_model_error(model: Any, workspace: Workspace) -> None:
    """Nobody's stack trace."""
    workspace.api.faults.add(ASKED, Fault(cuts=True))
    with pytest.raises(ModelError, match="cannot be reached"):
        model.invoke([QUESTION])


def joined(*chunks: dict[str, Any]) -> AIMessageChunk:
    """What becomes of the events of a stream."""
    pieces = Pieces("chat")
    made = [pieces.add(ChatGenerationChunk(message=chunk_of(json.dumps(chunk)))) for chunk in chunks]
    assert made == [None] * len(chunks)
    return pieces.last()


def delta(**said: Any) -> dict[str, Any]:
    """An event with this to add."""
    return {"choices": [{"index": 0, "delta": said}]}


def test_arguments_that_are_no_json_are_an_invalid_call() -> None:
    """They are not taken for a call, and not for a defect of ours."""
    call = {"index": 0, "id": "1", "function": {"name": "query_genie_space", "arguments": "{]"}}
    said = joined(delta(tool_calls=[call]))
    assert (said.tool_calls, len(said.invalid_tool_calls)) == ([], 1)


def test_content_in_parts_is_text() -> None:
    """Some endpoints answer a list of parts; what is no text is passed over, and so are comments in the stream."""
    parts = [{"type": "reasoning", "summary": []}, {"type": "text", "text": "Yes"}]
    assert joined(delta(content=parts), delta(content=", all")).text == "Yes, all"
    assert [data_of(line) for line in (": keep-alive", "", "event: x", "data: [DONE]")] == ["", "", "", "[DONE]"]


def test_tokens_so_far_are_not_added_up() -> None:
    """An endpoint that tells them with every event means the last ones, and names the model once."""
    said = joined(
        *({**delta(content="x"), "model": "m", "usage": {"prompt_tokens": 7, "completion_tokens": n}} for n in (1, 2))
    )
    assert said.usage_metadata == {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    assert said.response_metadata == {"model_name": "m"}


def test_genie_answers_with_a_message_and_rows(space: DatabricksGenieSpace, genie: Genie) -> None:
    """After all of its states, as the embedded space answers."""
    conversation = Conversation()
    answer = space.ask("revenue by region in 2024", conversation)
    assert answer.rows == EmbeddedSpace().ask("revenue by region in 2024", Conversation()).rows
    assert answer.message.startswith("4 rows")
    assert list(genie.conversations) == [conversation.id]


def test_the_next_question_goes_on_in_the_conversation(space: DatabricksGenieSpace, genie: Genie) -> None:
    """One conversation, two questions."""
    conversation = Conversation()
    for question in ("revenue by region", "units by product"):
        space.ask(question, conversation)
    assert genie.conversations == {conversation.id: ["revenue by region", "units by product"]}


def test_a_conversation_that_genie_has_forgotten_is_begun_anew(space: DatabricksGenieSpace, genie: Genie) -> None:
    """The second attempt starts another."""
    conversation = Conversation("forgotten")
    assert space.ask("revenue by region", conversation).rows
    assert list(genie.conversations) == [conversation.id]


@pytest.mark.parametrize(
    ("question", "said"), [("What is the weather?", "This data holds"), ("revenue in 2019", "No data")]
)
def test_an_answer_without_rows_is_an_answer(space: DatabricksGenieSpace, question: str, said: str) -> None:
    """Words alone, and a result without rows."""
    answer = space.ask(question, Conversation())
    assert (answer.rows, answer.message.startswith(said)) == ("", True)


def test_two_failures_are_made_up_for(space: DatabricksGenieSpace, genie: Genie) -> None:
    """The third attempt counts."""
    genie.failures += ["warehouse is starting", "warehouse is starting"]
    assert space.ask("revenue by region", Conversation()).rows


def test_three_failures_are_an_error_with_the_last_reason(space: DatabricksGenieSpace, genie: Genie) -> None:
    """Genie is not asked a fourth time."""
    genie.failures += ["first", "second", "third", "fourth"]
    with pytest.raises(GenieError, match=r"no answer to 'revenue by region' in 3 attempts.*third"):
        space.ask("revenue by region", Conversation())
    assert genie.failures == ["fourth"]


def test_a_space_that_is_not_there_is_named(workspace: Workspace) -> None:
    """The workspace's own words."""
    with pytest.raises(GenieError, match=r"Unable to get space \[other\]"):
        DatabricksGenieSpace(Client(), "other", pause=0, poll=0).ask("revenue", Conversation())


def test_without_credentials_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, chat_client: ChatClient
) -> None:
    """Nothing in the environment, no profile: a sentence, not a stack trace."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match="'slides-chat' cannot be used"):
        chat_model(chat_client, ENDPOINT).invoke([QUESTION])


def test_the_model_s_own_message_goes_back_as_it_came() -> None:
    """A call and its answer are OpenAI's assistant and tool messages."""
    call = AIMessage("", tool_calls=[{"name": "query_genie_space", "args": {"query": "units"}, "id": "c1"}])
    sent = body_of([QUESTION, call, ToolMessage("rows", tool_call_id="c1")])["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"query": "units"}
