"""A Genie space over the app's bundled data: conversations, messages that go through Genie's states, query results."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.data.conversation import Conversation
from app.data.genie import EmbeddedSpace, GenieAnswer, GenieError
from tests.servers.workspace.asked import Asked, missing
from tests.servers.workspace.routing import Routes

SPACE_ID = "01ef0123456789abcdef0123456789ab"
STATES = ("SUBMITTED", "FETCHING_METADATA", "ASKING_AI", "PENDING_WAREHOUSE", "EXECUTING_QUERY")
_SPACE = "/api/2.0/genie/spaces/{space_id}"
_MESSAGES = f"{_SPACE}/conversations/{{conversation_id}}/messages"
_RESULT = f"{_MESSAGES}/{{message_id}}/attachments/{{attachment_id}}/query-result"


@dataclass
class _Message:
    conversation_id: str
    question: str
    states: list[str]
    failed: str = ""
    answer: GenieAnswer = field(default_factory=lambda: GenieAnswer(""))


class Genie:
    """One space, whose messages go through `states`, one at each look, before they are answered or fail."""

    def __init__(self, states: Sequence[str] = STATES) -> None:
        self._states = states
        self.failures: list[str] = []
        """Why the next messages end as FAILED, one for each."""
        self.conversations: dict[str, list[str]] = {}
        """The questions of each conversation."""
        self.description = "The sales of a roastery"
        """What the space says of itself."""
        self.page_rows = 0
        """How many rows a page of a result has; 0: all are on one."""
        self.links_to = ""
        """Where pages are to be fetched from, by their number; empty: they come in place."""
        self.pages: list[list[list[str]]] = []
        """The pages of the last result."""
        self._messages: dict[str, _Message] = {}
        self._numbers = itertools.count(1)

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", f"{_SPACE}/start-conversation", self._start)
        routes.add("POST", _MESSAGES, self._create)
        routes.add("GET", f"{_MESSAGES}/{{message_id}}", self._get)
        routes.add("GET", _RESULT, self._result)
        routes.add("GET", _SPACE, self._about)
        routes.add("GET", "/api/2.0/sql/statements/{statement}/result/chunks/{number}", self._chunk)

    def _about(self, asked: Asked, space_id: str) -> dict[str, Any]:
        return {"space_id": space_id, "title": "Roastery", "description": self.description}

    def _chunk(self, asked: Asked, statement: str, number: str) -> dict[str, Any]:
        return self._page(int(number))

    def _page(self, number: int) -> dict[str, Any]:
        following = {"next_chunk_index": number + 1} if number + 1 < len(self.pages) else {}
        if self.links_to:
            return {"external_links": [{"external_link": f"{self.links_to}/{number}", **following}]}
        return {"data_array": self.pages[number], "row_count": len(self.pages[number]), **following}

    def _start(self, asked: Asked, space_id: str) -> dict[str, Any]:
        conversation_id = f"conversation-{next(self._numbers)}"
        self.conversations[conversation_id] = []
        message = self._create(asked, space_id, conversation_id)
        return {"conversation_id": conversation_id, "message_id": message["message_id"], "message": message}

    def _create(self, asked: Asked, space_id: str, conversation_id: str) -> dict[str, Any]:
        if space_id != SPACE_ID:
            raise missing(f"Unable to get space [{space_id}].")
        if conversation_id not in self.conversations:
            raise missing(f"Conversation {conversation_id} not found.")
        question = asked.json()["content"]
        self.conversations[conversation_id].append(question)
        message_id = f"message-{next(self._numbers)}"
        self._messages[message_id] = self._answered(_Message(conversation_id, question, list(self._states)))
        return self._shown(message_id)

    def _answered(self, message: _Message) -> _Message:
        if self.failures:
            message.failed = self.failures.pop(0)
            return message
        try:
            message.answer = EmbeddedSpace().ask(message.question, Conversation())
        except GenieError as error:
            message.failed = str(error)
        return message

    def _get(self, asked: Asked, space_id: str, conversation_id: str, message_id: str) -> dict[str, Any]:
        message = self._messages[message_id]
        if message.states:
            message.states.pop(0)
        return self._shown(message_id)

    def _shown(self, message_id: str) -> dict[str, Any]:
        message = self._messages[message_id]
        shown = {
            "id": message_id,
            "message_id": message_id,
            "space_id": SPACE_ID,
            "conversation_id": message.conversation_id,
            "content": message.question,
        }
        if message.states:
            return {**shown, "status": message.states[0]}
        if message.failed:
            return {**shown, "status": "FAILED", "error": {"error": message.failed, "type": "SQL_EXECUTION_EXCEPTION"}}
        return {**shown, "status": "COMPLETED", "attachments": _attachments(message.answer)}

    def _result(
        self, asked: Asked, space_id: str, conversation_id: str, message_id: str, attachment_id: str
    ) -> dict[str, Any]:
        header, *rows = list(csv.reader(io.StringIO(self._messages[message_id].answer.rows))) or [[]]
        columns = [{"name": name, "position": place, "type_text": "STRING"} for place, name in enumerate(header)]
        manifest = {"schema": {"column_count": len(columns), "columns": columns}, "total_row_count": len(rows)}
        size = self.page_rows or max(len(rows), 1)
        self.pages = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
        about = {"statement_id": message_id, "status": {"state": "SUCCEEDED"}, "manifest": manifest}
        return {"statement_response": {**about, "result": self._page(0)}}


def _attachments(answer: GenieAnswer) -> list[dict[str, Any]]:
    """Words alone where nothing of the data was asked for; otherwise a query, whose result may be empty."""
    if "Statement: " not in answer.message:
        return [{"attachment_id": "words", "text": {"content": answer.message}}]
    description, _, statement = answer.message.partition("Statement: ")
    return [{"attachment_id": "query", "query": {"description": description, "query": statement}}]
