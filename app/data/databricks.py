"""A Databricks Genie space: questions in plain words go through databricks-sdk's `genie` API."""

from __future__ import annotations

import functools
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from app.data.conversation import Conversation
from app.data.genie import GenieAnswer, GenieError
from app.data.results import read_result
from app.secrets import masked
from app.workspace import TooBusyError, Workspace

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.dashboards import GenieAttachment, GenieMessage

ATTEMPTS = 3
ANY_SPACE = (
    "Ask the Databricks Genie space about its data: one question in plain words at a time."
    " Answers a message with the SQL that was run, and rows as CSV."
)
_ENDINGS = ("COMPLETED", "FAILED", "CANCELLED", "QUERY_RESULT_EXPIRED")
_LONGEST_DESCRIPTION = 4000
logger = logging.getLogger("app.data")
_tracer = trace.get_tracer("app.data")
_TASK = {"mlflow.spanType": json.dumps("TASK")}


class DatabricksGenieSpace:
    """One space. Every attempt at a question is a span of its own in the trace, and in it each state of Genie's.

    `pause` seconds are between two attempts, `poll` between two looks at whether Genie has done; after `patience`
    seconds an attempt is given up.
    """

    description = ANY_SPACE

    def __init__(
        self, workspace: Workspace, space_id: str, *, pause: float = 1.0, poll: float = 1.0, patience: float = 600.0
    ) -> None:
        self._workspace = workspace
        self._space_id = space_id
        self._pause = pause
        self._poll = poll
        self._patience = patience
        self._described = ""

    def describe(self) -> str:
        """What the space says of itself, asked once; nothing more than of any space where it does not answer."""
        if not self._described:
            self._described = self._ask_about()
        return self._described

    def _ask_about(self) -> str:
        from databricks.sdk.errors.base import DatabricksError

        try:
            space = self._workspace.client().genie.get_space(self._space_id)
        except (DatabricksError, TooBusyError, OSError, ValueError) as error:
            logger.warning("The Genie space says nothing of itself: %s", masked(str(error)))
            return ANY_SPACE
        about = ": ".join(filter(None, (space.title, space.description)))
        return f"{ANY_SPACE} The space is about {about[:_LONGEST_DESCRIPTION]}"

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """Answer one question, or raise `GenieError` with the reason of the last attempt."""
        with conversation.lock:
            for number in range(1, ATTEMPTS):
                try:
                    return self._attempt(number, query, conversation)
                except GenieBusyError:
                    raise
                except GenieError:
                    conversation.pause(self._pause)
            try:
                return self._attempt(ATTEMPTS, query, conversation)
            except GenieError as error:
                raise GenieError(f"Genie gave no answer to {query!r} in {ATTEMPTS} attempts: {error}") from error

    def _attempt(self, number: int, query: str, conversation: Conversation) -> GenieAnswer:
        from databricks.sdk.errors.base import DatabricksError
        from databricks.sdk.errors.platform import NotFound, PermissionDenied, Unauthenticated

        with _tracer.start_as_current_span("genie_attempt", attributes={"app.attempt": number, **_TASK}):
            try:
                client = self._workspace.client()
                return self._answer(client, self._ask_and_wait(client, query, conversation))
            except NotFound as error:
                # A conversation that Genie has forgotten is begun anew by the next attempt.
                conversation.id = ""
                raise GenieError(masked(str(error))) from error
            except (PermissionDenied, Unauthenticated) as error:
                raise GenieError("the credentials may not use the Genie space.") from error
            except (TooBusyError, TimeoutError) as error:
                raise GenieBusyError(_why_busy(error)) from error
            except (DatabricksError, OSError, ValueError) as error:
                raise GenieError(masked(str(error))) from error

    def _ask_and_wait(self, client: WorkspaceClient, query: str, conversation: Conversation) -> GenieMessage:
        """Put the question, and wait until Genie has dealt with it."""
        if conversation.id:
            asked: Any = client.genie.create_message(self._space_id, conversation.id, query).response
            message_id = str(asked.message_id)
        else:
            begun: Any = client.genie.start_conversation(self._space_id, query).response
            conversation.id, message_id = str(begun.conversation_id), str(begun.message_id)
        get_message = functools.partial(client.genie.get_message, self._space_id, conversation.id, message_id)
        deadline, message = time.monotonic() + self._patience, get_message()
        while (state := _state(message)) not in _ENDINGS:
            with _tracer.start_as_current_span(f"genie {state.lower()}", attributes=_TASK):
                while _state(message) == state:
                    if time.monotonic() > deadline:
                        raise GenieError(f"Genie was still {state} after {self._patience:.0f} s.")
                    conversation.pause(self._poll)
                    message = get_message()
        return message

    def _answer(self, client: WorkspaceClient, message: GenieMessage) -> GenieAnswer:
        if (state := _state(message)) != "COMPLETED":
            reason = message.error.error if message.error else None
            raise GenieError(f"Genie ended as {state}: {masked(reason or 'no reason')}")
        said, rows = list[str](), ""
        for attachment in message.attachments or []:
            said += _words(attachment)
            if attachment.query and attachment.attachment_id:
                found = client.genie.get_message_attachment_query_result(
                    self._space_id,
                    str(message.conversation_id),
                    str(message.message_id or message.id),
                    attachment.attachment_id,
                )
                result = read_result(client, found.statement_response)
                rows = result.as_csv() or rows
                said += filter(None, [result.missing()])
        return GenieAnswer("\n".join(said) or "Genie answered without words.", rows)


class GenieBusyError(GenieError):
    """Genie takes no more questions for now: asking again at once would not help."""


def _why_busy(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__ or error
    return f"Genie is busy and took no question: {masked(str(cause))} Ask again in a minute."


def _state(message: GenieMessage) -> str:
    if message.status is None:
        raise GenieError("Genie did not say how it is doing.")
    return str(message.status.value)


def _words(attachment: GenieAttachment) -> list[str]:
    """What Genie says, the SQL behind it, and what it suggests to ask next."""
    text = attachment.text.content if attachment.text else None
    query = attachment.query
    statement = f"Statement: {query.query}" if query and query.query else None
    suggested = getattr(getattr(attachment, "suggested_questions", None), "questions", None)
    further = f"It suggests to ask next: {'; '.join(suggested)}" if suggested else None
    return [words for words in (text, query.description if query else None, statement, further) if words]
