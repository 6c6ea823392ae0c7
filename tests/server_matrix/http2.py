"""One request over HTTP/2 with prior knowledge, as over HTTP/1: headers and body are written in one piece.

hypercorn ends the connection where a body arrives after an answer that did not wait for it: in pieces, it would be a
matter of luck whether there is an answer.
"""

from __future__ import annotations

import socket

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from tests.server_matrix.cases import Case

STREAM = 1
DOES_NOT_END = b"<it does not end>"


class Http2Exchange:
    """The request of a case on a connection of its own, and what has come back of it."""

    def __init__(self, connection: socket.socket, case: Case) -> None:
        self._socket = connection
        self._http2 = H2Connection(H2Configuration(header_encoding=None))
        self._http2.initiate_connection()
        self._http2.send_headers(STREAM, _headers(case), end_stream=not case.body)
        self._unsent = case.body
        self._answer = b""
        self._is_over = False
        self._send()

    def receive(self, at_least: int | None = None) -> bytes:
        """So many bytes of the answer, or all of it: the status and headers as they would be written in HTTP/1.

        A server may leave an answer unended and close the idle connection later: when, is its own affair.
        """
        while not self._is_over and (at_least is None or len(self._answer) < at_least):
            try:
                received = self._socket.recv(65536)
            except (TimeoutError, ConnectionResetError):
                received = b""
            if not received:
                return self._answer + DOES_NOT_END
            try:
                events = self._http2.receive_data(received)
            except ProtocolError as error:  # such as a body for HEAD
                return self._answer + type(error).__name__.encode()
            for event in events:
                self._take(event)
            self._send()
        return self._answer

    def _send(self) -> None:
        """Send what is due, and as much of the body as the server has room for."""
        while self._unsent and (room := self._room()):
            piece, self._unsent = self._unsent[:room], self._unsent[room:]
            self._http2.send_data(STREAM, piece, end_stream=not self._unsent)
        self._socket.sendall(self._http2.data_to_send())

    def _room(self) -> int:
        return min(self._http2.local_flow_control_window(STREAM), self._http2.max_outbound_frame_size)

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self._answer += b"".join(b"%b: %b\r\n" % (bytes(name), bytes(value)) for name, value in event.headers)
        elif isinstance(event, DataReceived):
            self._answer += event.data
            self._http2.acknowledge_received_data(event.flow_controlled_length, STREAM)
        elif isinstance(event, StreamReset):
            self._answer += b"<reset>"
            self._is_over = True
        elif isinstance(event, StreamEnded):
            self._is_over = True


def _headers(case: Case) -> list[tuple[bytes, bytes]]:
    (_, host), *others = case.header_list
    if case.body or case.method in ("POST", "PUT"):
        others.append(("Content-Length", str(len(case.body))))
    pseudo = [(":method", case.method), (":scheme", "http"), (":authority", host), (":path", case.path)]
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (*pseudo, *others)]
