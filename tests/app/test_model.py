"""The rule-based chat model, through LangChain's own interface."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable

from app.agent.model import MODEL_NAME, EmbeddedSlideModel
from app.data.conversation import Conversation
from app.data.genie import EmbeddedSpace, GenieError, genie_tool
from app.decks.deck import parse, split_answer

SPACE = EmbeddedSpace()
QUESTION = HumanMessage("How did revenue develop by region in 2024?")
Model = Runnable[Sequence[BaseMessage], AIMessage]


@pytest.fixture
def model() -> Runnable[object, AIMessage]:
    """The model with the data tool bound."""
    return EmbeddedSlideModel().bind_tools([genie_tool(SPACE)])  # type: ignore[return-value]


def answered(conversation: list[BaseMessage], said: AIMessage) -> list[BaseMessage]:
    """The conversation, with what the model said and what the data answered to it."""
    return [*conversation, said, *(_data(str(call["id"]), call["args"]["query"]) for call in said.tool_calls)]


def _data(call_id: str, query: str) -> ToolMessage:
    try:
        return ToolMessage(SPACE.ask(query, Conversation()).as_json(), tool_call_id=call_id)
    except GenieError as error:
        return ToolMessage(str(error), tool_call_id=call_id, status="error")


def finished(model: Runnable[object, AIMessage], *start: BaseMessage) -> AIMessage:
    """Talk until the model asks for nothing more."""
    conversation = list(start)
    while (said := model.invoke(conversation)).tool_calls:
        conversation = answered(conversation, said)
    return said


def test_it_asks_the_data_first(model: Runnable[object, AIMessage]) -> None:
    """A question about the data becomes a call of the tool that was bound."""
    said = model.invoke([QUESTION])
    assert [(call["name"], call["args"]) for call in said.tool_calls] == [
        ("query_genie_space", {"query": "revenue by region in 2024"})
    ]


def test_what_it_asks_next_comes_from_the_rows(model: Runnable[object, AIMessage]) -> None:
    """How revenue developed is asked; North is the largest in the rows, so the model asks what is behind it."""
    more = model.invoke(answered([QUESTION], model.invoke([QUESTION])))
    assert [call["args"]["query"] for call in more.tool_calls] == [
        "revenue by month and region in 2024",
        "revenue by product in 2024 for North",
    ]
    assert [call["id"] for call in more.tool_calls] == ["call_2", "call_3"]


def test_its_titles_state_what_the_rows_say(model: Runnable[object, AIMessage]) -> None:
    """The deck's title is the finding from the first answer."""
    words, html = split_answer(finished(model, QUESTION).text)
    assert parse(html).title == "North leads with 36% of revenue in 2024"
    assert words.startswith("North leads with 36%")


def test_it_keeps_to_the_limit_in_its_instructions(model: Runnable[object, AIMessage]) -> None:
    """`at most N slides` in the system prompt is obeyed, and no question is asked for slides that cannot be."""
    said = finished(model, SystemMessage("Write at most 1 slides."), QUESTION)
    assert len(parse(split_answer(said.text)[1]).slides) == 1


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What will the weather be?", "I can't answer that"),
        ("headcount by region", "no such column: headcount"),
        ("revenue by region in 2019", "No data match"),
        ("Revenue by customer", "not split by “customer”"),
        ("rowid by region", "no such column: rowid"),
        ("Revenue by week", "The finest time is the month"),
        ("What will revenue be in 2025?", "I do not look ahead"),
        ("Which region should we close?", "I do not advise"),
        ("Which region didn't sell Tea?", "“didn't” leaves out"),
    ],
)
def test_without_rows_it_says_so_and_makes_no_deck(
    model: Runnable[object, AIMessage], question: str, said: str
) -> None:
    """No rows, an error and a question beyond it are each answered in plain words."""
    answer = finished(model, HumanMessage(question)).text
    assert said in answer
    assert split_answer(answer)[1] == ""


def test_without_a_tool_it_says_so() -> None:
    """It does not invent figures."""
    assert "no tool" in EmbeddedSlideModel().invoke([QUESTION]).text


def test_a_second_question_is_a_turn_of_its_own(model: Runnable[object, AIMessage]) -> None:
    """Only what was asked since the last question counts, and ids of calls are not used twice."""
    first = answered([QUESTION], model.invoke([QUESTION]))
    said = model.invoke([*first, HumanMessage("units by product")])
    assert [(call["args"]["query"], call["id"]) for call in said.tool_calls] == [("units by product", "call_2")]


def test_tokens_are_counted(model: Runnable[object, AIMessage]) -> None:
    """Usage adds up, and a longer conversation reads more."""
    first = model.invoke([QUESTION])
    second = model.invoke(answered([QUESTION], first))
    assert first.usage_metadata
    assert second.usage_metadata
    usage = first.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert second.usage_metadata["input_tokens"] > usage["input_tokens"]


def test_it_says_its_name() -> None:
    """Traces name the model by what it is."""
    assert EmbeddedSlideModel()._get_ls_params()["ls_model_name"] == MODEL_NAME
    assert "embedded" in MODEL_NAME


def test_streamed_it_says_the_same(model: Runnable[object, AIMessage]) -> None:
    """The pieces of a stream add up to the whole answer, with its calls, its usage and more than one piece of text."""
    conversation = answered([QUESTION], model.invoke([QUESTION]))
    for start in ([QUESTION], answered(conversation, model.invoke(conversation))):
        whole = model.invoke(start)
        pieces = list(model.stream(start))
        total = pieces[0]
        for piece in pieces[1:]:
            total = total + piece  # type: ignore[assignment]
        assert (total.text, total.tool_calls) == (whole.text, whole.tool_calls)
        assert total.usage_metadata == whole.usage_metadata
    assert len(pieces) > 2
