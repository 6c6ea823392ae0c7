"""A Databricks Genie space: questions in plain words go through databricks-sdk's `genie` API."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from app.data.conversation import Conversation
from app.data.genie import GenieAnswer, GenieError
from app.workspace import Workspace

if TYPE_CHECKING:
    from databricks.sdk.service.dashboards import GenieAPI, GenieAttachment, GenieMessage

ATTEMPTS = 3
_ENDINGS = ("COMPLETED", "FAILED", "CANCELLED", "QUERY_RESULT_EXPIRED")
_tracer = trace.get_tracer("app.data")


class DatabricksGenieSpace:
    """One space. Every attempt at a question is a span of its own in the trace.

    `pause` seconds are between two attempts, `poll` between two looks at whether Genie has done; after `patience`
    seconds an attempt is given up.
    """

    def __init__(
        self, workspace: Workspace, space_id: str, *, pause: float = 1.0, poll: float = 1.0, patience: float = 600.0
    ) -> None:
        self._workspace = workspace
        self._space_id = space_id
        self._pause = pause
        self._poll = poll
        self._patience = patience

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """Answer one question, or raise `GenieError` with the reason of the last attempt."""
        with conversation.lock:
            for number in range(1, ATTEMPTS):
                try:
                    return self._attempt(number, query, conversation)
                except GenieError:
                    time.sleep(self._pause)
            try:
                return self._attempt(ATTEMPTS, query, conversation)
            except GenieError as error:
                raise GenieError(f"Genie gave no answer to {query!r} in {ATTEMPTS} attempts: {error}") from error

    def _attempt(self, number: int, query: str, conversation: Conversation) -> GenieAnswer:
        from databricks.sdk.errors.base import DatabricksError
        from databricks.sdk.errors.platform import NotFound

        with _tracer.start_as_current_span("genie_attempt", attributes={"app.attempt": number}):
            try:
                genie = self._workspace.client().genie
                return self._answer(genie, self._put(genie, query, conversation))
            except NotFound as error:
                # A conversation that Genie has forgotten is begun anew by the next attempt.
                conversation.id = ""
                raise GenieError(str(error)) from error
            except (DatabricksError, OSError, ValueError) as error:
                raise GenieError(str(error)) from error

    def _put(self, genie: GenieAPI, query: str, conversation: Conversation) -> GenieMessage:
        """Put the question, and wait until Genie has dealt with it."""
        if conversation.id:
            put: Any = genie.create_message(self._space_id, conversation.id, query).response
            message_id = str(put.message_id)
        else:
            begun: Any = genie.start_conversation(self._space_id, query).response
            conversation.id, message_id = str(begun.conversation_id), str(begun.message_id)
        deadline = time.monotonic() + self._patience
        while (message := genie.get_message(self._space_id, conversation.id, message_id)).status is not None:
            if message.status.value in _ENDINGS:
                return message
            if time.monotonic() > deadline:
                raise GenieError(f"Genie was still {message.status.value} after {self._patience:.0f} s.")
            time.sleep(self._poll)
        raise GenieError("Genie did not say how it is doing.")

    def _answer(self, genie: GenieAPI, message: GenieMessage) -> GenieAnswer:
        if message.status is None or message.status.value != "COMPLETED":
            reason = message.error.error if message.error else None
            raise GenieError(
                f"Genie ended as {message.status.value if message.status else '?'}: {reason or 'no reason'}"
            )
        said, rows = list[str](), ""
        for attachment in message.attachments or []:
            said += _words(attachment)
            if attachment.query and attachment.attachment_id:
                rows = self._rows(genie, message, attachment.attachment_id) or rows
        return GenieAnswer("\n".join(said) or "Genie answered without words.", rows)

    def _rows(self, genie: GenieAPI, message: GenieMessage, attachment_id: str) -> str:
        found = genie.get_message_attachment_query_result(
            self._space_id, message.conversation_id, str(message.message_id or message.id), attachment_id
        ).statement_response
        data = found.result.data_array if found and found.result else None
        schema = found.manifest.schema if found and found.manifest else None
        if not data or not schema:
            return ""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in schema.columns or []])
        writer.writerows(data)
        return out.getvalue()


def _words(attachment: GenieAttachment) -> list[str]:
    text = attachment.text.content if attachment.text else None
    described = attachment.query.description if attachment.query else None
    return [words for words in (text, described) if words]
