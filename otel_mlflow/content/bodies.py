"""What the body of a request or a response becomes as a trace's input or output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from otel_mlflow.content.charsets import decode_json, decode_text
from otel_mlflow.content.cut import NOTE_KEY, close_json, cut_json, note, to_json
from otel_mlflow.content.inflate import Body, inflate
from otel_mlflow.content.parsing import parse_json
from otel_mlflow.content.readable import readable_json
from otel_mlflow.content.redact import Redactor, members
from otel_mlflow.content.streams import redact_stream
from otel_mlflow.content.tokens import without_begun_token

BINARY = "application/octet-stream"
_MOST_ENCODINGS = 4
_LINES_OF_JSON = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"}
_TEXTS = {"application/xml", "application/javascript", "application/yaml", "application/graphql", "application/sql"}
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_BEGUN_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")
_PART_NAME = re.compile(r'[;\s]name=(?:"([^"]*)"|([^;\s]+))', re.IGNORECASE)
_PART_NAME_ENCODED = re.compile(r"[;\s]name\*=[\w-]*'[\w-]*'([^;\s]+)", re.IGNORECASE)
_PART_FILE = re.compile(r'[;\s]filename=(?:"([^"]*)"|([^;\s]+))', re.IGNORECASE)
_PART_TYPE = re.compile(r"^content-type:\s*([^;\r\n]+)", re.IGNORECASE | re.MULTILINE)


class _Content(NamedTuple):
    """A body and what its header says about it."""

    body: Body
    media: str
    parameters: Mapping[str, str]

    def text(self) -> str:
        """Decode a text; a secret that the cut split is left out."""
        return self._decoded(decode_text)

    def json_text(self) -> str:
        """Decode a JSON text."""
        return self._decoded(decode_json)

    def _decoded(self, decode: Callable[..., str]) -> str:
        text = decode(self.body.kept, self.parameters.get("charset", "utf-8"), is_whole=not self.body.is_cut)
        return without_begun_token(text) if self.body.is_cut else text

    def noted(self, value: Any) -> Any:
        """Add what is missing to what there is."""
        if not self.body.is_cut:
            return value
        words = note((self.body.total or 0) - len(self.body.kept), self.body.total)
        if isinstance(value, dict):
            return {**value, NOTE_KEY: words}
        return [*value, words] if isinstance(value, list) else f"{value} {words}"


def body_json(body: Body, content_type: str, redactor: Redactor, max_bytes: int, *, content_encoding: str = "") -> str:
    """Write a body as JSON of at most `max_bytes`, redacted. A JSON body without secrets stays as it was sent."""
    media, parameters = _header(content_type)
    if _reader(media) is _document and body.total and not (body.is_cut or content_encoding):
        try:
            return _written(redactor.document(_Content(body, media, parameters).json_text()), max_bytes)
        except ValueError:
            pass  # Not JSON, whatever its header says.
    value = body_value(body, content_type, content_encoding=content_encoding)
    if isinstance(value, list) and _reader(media) in (_events, _lines):
        value = redact_stream(value, redactor)
    return _written(to_json(redactor.value(value)), max_bytes)


def _written(document: str, max_bytes: int) -> str:
    return cut_json(readable_json(document), max_bytes)


def body_value(body: Body, content_type: str, *, content_encoding: str = "") -> Any:
    """Decode a body: JSON, form, event stream, text, or for anything else its type and size; None if it is empty.

    Nothing is redacted yet. A body that was cut becomes the value of its beginning, with a note of what is missing.
    """
    if body.total == 0:
        return None
    media, parameters = _header(content_type)
    plain = _inflated(body, content_encoding)
    if plain is None:
        return _size_of(_Content(body, media, parameters))
    return _reader(media)(_Content(plain, media, parameters))


def _inflated(body: Body, content_encoding: str) -> Body | None:
    """Undo the encodings in the order opposite to that in which they were applied."""
    encodings = [encoding for name in content_encoding.lower().split(",") if (encoding := name.strip()) != "identity"]
    if len(encodings) > _MOST_ENCODINGS:
        return None
    plain: Body | None = body
    for encoding in reversed(encodings):
        plain = inflate(plain, encoding) if plain and encoding else plain
    return plain


def request_value(query_string: bytes | str, path_params: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a request without a body asked for."""
    query = query_string.decode("latin-1") if isinstance(query_string, bytes) else query_string
    return {"query": _gathered(parse_qsl(query, keep_blank_values=True)), "path_params": dict(path_params)}


@lru_cache(256)
def _header(content_type: str) -> tuple[str, dict[str, str]]:
    media, *rest = content_type.split(";")
    parameters = (parameter.partition("=") for parameter in rest)
    return media.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in parameters}


def _reader(media: str) -> Callable[[_Content], Any]:
    if media in _READERS:
        return _READERS[media]
    if media.endswith("+json"):
        return _document
    return _text if media.startswith("text/") or media.endswith("+xml") else _size_of


def _document(content: _Content) -> Any:
    text = content.json_text()
    if content.body.is_cut:
        text = close_json(text, content.body.limit, content.body.total)
    return _parsed(text)


def _parsed(text: str) -> Any:
    """Parse JSON; what is none stays a text."""
    try:
        return parse_json(text, members)
    except (ValueError, RecursionError):
        return text


def _text(content: _Content) -> Any:
    return content.noted(content.text())


def _size_of(content: _Content) -> Any:
    return {"type": content.media or BINARY, "bytes": content.body.total}


def _form(content: _Content) -> Any:
    text = content.text()
    if content.body.is_cut:
        text = _BEGUN_ESCAPE.sub("", text)
    return content.noted(_gathered(parse_qsl(text, keep_blank_values=True)))


def _lines(content: _Content) -> Any:
    lines = content.json_text().split("\n")
    whole = lines[:-1] if content.body.is_cut else lines
    return content.noted([_parsed(line) for line in whole if line.strip()])


def _events(content: _Content) -> Any:
    return content.noted([_parsed(payload) for payload in _payloads(content.text(), content.body.is_cut)])


def _payloads(text: str, is_cut: bool) -> Iterator[str]:
    """Split a stream of server-sent events as the HTML standard says, into the data of each event."""
    data: list[str] = []
    lines = _LINE_END.split(text)
    # An event ends with an empty line; the last one of a stream that is over is let through without.
    for line in lines[:-1] if is_cut else [*lines, ""]:
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _multipart(content: _Content) -> Any:
    delimiter = b"--" + content.parameters.get("boundary", "").encode()
    parts = content.body.kept.split(delimiter)[1:] if len(delimiter) > len(b"--") else []
    if content.body.is_cut and parts:
        parts[-1] = _without_begun(parts[-1], b"\r\n" + delimiter)
    fields = [field for part in parts if (field := _field(part))]
    if content.body.is_cut and fields and isinstance(fields[-1][1], str):
        fields[-1] = fields[-1][0], without_begun_token(fields[-1][1])
    return content.noted(_gathered(fields))


def _without_begun(part: bytes, delimiter: bytes) -> bytes:
    """Leave out the beginning of a delimiter at the end of a part that was cut."""
    begun = (delimiter[:length] for length in range(len(delimiter), 0, -1))
    return next((part.removesuffix(beginning) for beginning in begun if part.endswith(beginning)), part)


def _field(part: bytes) -> tuple[str, Any] | None:
    """Read one part of a multipart form; None if it is not one."""
    head, separator, payload = part.partition(b"\r\n\r\n")
    header = head.decode("utf-8", "replace")
    name = _part_name(header)
    if not separator or name is None:
        return None
    payload = payload.removesuffix(b"\r\n")
    filename = _first_group(_PART_FILE, header)
    if filename is None:
        return name, payload.decode("utf-8", "replace")
    return name, {"filename": filename, "type": _first_group(_PART_TYPE, header) or BINARY, "bytes": len(payload)}


def _part_name(header: str) -> str | None:
    """Read the name of a part, percent-encoded (RFC 5987) or not."""
    encoded = _first_group(_PART_NAME_ENCODED, header)
    return unquote(encoded) if encoded is not None else _first_group(_PART_NAME, header)


def _first_group(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return next((group for group in found.groups() if group is not None), None) if found else None


def _gathered(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping of pairs; a name that comes more than once has a list."""
    lists: dict[str, list[Any]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in lists.items()}


def _unnamed(content: _Content) -> Any:
    """Read a body whose header does not say what it is."""
    if content.json_text().lstrip()[:1] in ("{", "["):
        return _document(content)
    return _size_of(content) if _CONTROL.search(content.body.kept) else _text(content)


_READERS: dict[str, Callable[[_Content], Any]] = {
    "": _unnamed,
    "application/json": _document,
    "text/json": _document,
    "application/x-www-form-urlencoded": _form,
    "multipart/form-data": _multipart,
    "text/event-stream": _events,
    **dict.fromkeys(_LINES_OF_JSON, _lines),
    **dict.fromkeys(_TEXTS, _text),
}
