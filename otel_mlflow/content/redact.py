"""Secrets are replaced before anything leaves the process.

Values are taken apart by their structure, texts by what they say. Most of what passes holds no secret, so each text is
first looked at with quick tests that may say yes too often, never too rarely: a word that may be part of a secret's
name, a run of characters that is long enough for a token, an address with an `@`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus

from otel_mlflow.content.addresses import find_in_addresses
from otel_mlflow.content.assignments import PARAMETERS, find_assigned
from otel_mlflow.content.commands import find_in_commands, may_hold_password_file, names_command
from otel_mlflow.content.credentials import is_message, is_opaque
from otel_mlflow.content.cut import to_json
from otel_mlflow.content.handovers import find_handed_over, may_hand_over
from otel_mlflow.content.links import find_in_links
from otel_mlflow.content.manifests import find_in_manifests
from otel_mlflow.content.markup import find_in_markup
from otel_mlflow.content.mentions import Mention, find_mentions, lowered, without, words_in
from otel_mlflow.content.name_rules import Strength, names_aspect, says_name
from otel_mlflow.content.names import REDACTED, SecretNames, is_hidden
from otel_mlflow.content.parameters import (
    GIVEN_KEYS,
    Wanted,
    find_parameters,
    has_placeholder,
    may_have_parameters,
    parameters_to_hide,
)
from otel_mlflow.content.parsing import parse_json
from otel_mlflow.content.plans import find_in_resources, may_hold_resource
from otel_mlflow.content.printed import find_made, find_printed, may_be_made
from otel_mlflow.content.ranges import Range, merged, replaced
from otel_mlflow.content.routers import find_in_routers, may_configure_router
from otel_mlflow.content.sections import find_in_sections
from otel_mlflow.content.sql import find_in_sql, may_hold_password
from otel_mlflow.content.structures import (
    arguments_to_hide,
    columns_of_rows,
    columns_to_hide,
    is_schema,
    keys_to_hide,
    may_hold_key_or_code,
    members_to_hide,
    rows_key,
    schema_values,
    states_aspects,
)
from otel_mlflow.content.tables import find_in_tables
from otel_mlflow.content.tokens import find_tokens
from otel_mlflow.content.validation import find_in_validation_errors
from otel_mlflow.content.windows import substitute
from otel_mlflow.pacing import rest_if_due

TOO_DEEP = "[redacted: nested too deeply to be searched]"

_SHORTEST = len("pw=x")
_SHORTEST_TOKEN = 12
_LONGEST_PAIR = 4096
_DEEPEST_ENCODING = 4
_PAIR = re.compile(r"(?:^|(?<=[&;#?]))([^&;=#?]*)=([^&;#]*)")
_PAIR_IN_TEXT = re.compile(r"""(?<![^\s?&;=#"'<>])([^\s?&;=#"'<>]{1,200})=([^\s&;#"'<>]*)""")
_ENCODED_RUN = re.compile(r"""(?<![^\s"'<>/&?=;#])[^\s"'<>/&?=;#%]*%[^\s"'<>/&?=;#]*""")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED_NAME = "\\\\"
_ESCAPED_CONTROL = re.compile(r"(?<!\\)\\[nrtbf]")
_LEAST_PRINTABLE = 0x2D


class _Members(dict[Any, Any]):
    """A JSON object with all its members: `pairs` has those too whose key comes again."""

    pairs: Sequence[tuple[Any, Any]] = ()


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces secrets: the values of certain names, and whatever has the shape of a well-known token.

    Frozen, compiled once by `Redactor.compile(names)`, and safe to share between threads.
    """

    names: SecretNames

    @classmethod
    def compile(cls, entries: Iterable[str]) -> Redactor:
        """Compile a redactor from the setting `tracing.redact_keys`; `otel_mlflow.content.names` has the rules."""
        return cls(SecretNames(entries))

    def value(self, value: Any) -> Any:
        """Redact what JSON can say: mappings, lists and tuples, texts. Anything else is answered as it is."""
        try:
            return self._value(value)
        except RecursionError:
            return TOO_DEEP

    def named(self, name: str, value: Any) -> Any:
        """Redact a value that stands under a name."""
        return self.value({name: value})[name] if self.names.strength(name) else self.value(value)

    def text(self, text: str) -> str:
        """Redact any text: JSON, a URL, a header, a log line, prose."""
        try:
            return self._text(text, 0)
        except RecursionError:
            return TOO_DEEP

    def json_text(self, text: str) -> str:
        """Redact a JSON document given as text; one without secrets is answered as it was, to the byte.

        What is not JSON, a document that broke off for one, is redacted as text.
        """
        try:
            return self.document(text)
        except ValueError:
            return self._plain(text, 0)

    def document(self, text: str) -> str:
        """Redact a JSON document given as text, and raise ValueError if it is none."""
        try:
            if not self._may_hold_secret(text):
                parse_json(text)
                return text
            parsed = parse_json(text, members)
            redacted = self._value(parsed)
        except RecursionError:
            return to_json(TOO_DEEP)
        return text if redacted == parsed and not _has_doubles(parsed) else to_json(redacted)

    def query(self, query: str) -> str:
        """Redact a query string, or a form written like one."""
        redacted = substitute(_PAIR, lambda pair: self._pair(pair, 0, is_query=True), query, overlap=_LONGEST_PAIR)
        return self._plain(redacted, 0)

    def find(self, text: str) -> list[Range]:
        """Find where the secrets of a text stand, those in other encodings apart."""
        lower = lowered(text)
        words = words_in(lower)
        tokens = merged(find_tokens(text, words))
        found = [*tokens, *find_in_addresses(text), *find_in_commands(text, lower, words)]
        found += find_in_links(text, words)
        found += find_handed_over(text, lower, words)
        hints = self.names.hinted_in(words)
        mentions = without(tokens, find_mentions(text, lower, hints, self.names)) if hints else []
        found += find_in_sql(text, words, mentions)
        found += find_in_manifests(text, words)
        found += find_in_sections(text, words, self.names)
        found += find_in_resources(text, words)
        found += find_made(text, words)
        found += find_in_routers(text, words)
        if mentions:
            found += find_assigned(text, mentions)
            found += find_parameters(text, mentions)
            found += find_printed(text, mentions)
            found += find_in_tables(text, mentions) if "\n" in text or "|" in text else ()
            found += find_in_markup(text, mentions) if "<" in text or ">" in text or "&lt;" in text else ()
            found += find_in_validation_errors(text, mentions)
        return merged(found)

    def _value(self, value: Any, strength: int = 0, owner: Any = "") -> Any:
        if isinstance(value, str):
            return REDACTED if strength and is_hidden(strength, value) else self._text(value, 0)
        if isinstance(value, Mapping):
            return self._mapping(value, strength, owner)
        if isinstance(value, (list, tuple)):
            return self._list(value, strength)
        return REDACTED if strength and is_hidden(strength, value) else value

    def _mapping(self, mapping: Mapping[Any, Any], inherited: int, owner: Any) -> dict[Any, Any]:
        pairs = getattr(mapping, "pairs", None) or list(mapping.items())
        hidden = members_to_hide(mapping, pairs, self.names) | keys_to_hide(mapping, owner, self.names)
        rows, columns = columns_to_hide(mapping, self.names)
        wanted = self._wanted(mapping) if may_have_parameters(mapping) else {}
        return {
            self._key(key, inherited): self._rows(value, columns)
            if columns and key == rows
            else self._parameters(value, wanted)
            if wanted and isinstance(key, str) and key.lower() in GIVEN_KEYS
            else self._member(value, max(hidden.get(key, 0), 0 if names_aspect(key) else inherited), key)
            for key, value in mapping.items()
        }

    def _member(self, value: Any, strength: int, owner: Any = "") -> Any:
        """Redact what stands under a name that hides as much as this."""
        if not strength:
            return self._value(value, owner=owner)
        if isinstance(value, Mapping) and is_schema(value):
            shown = schema_values(value)
            return {k: self._member(item, max(shown.get(k, 0), self.names.strength(k))) for k, item in value.items()}
        if states_aspects(value):
            return self._value(value)
        if isinstance(value, (Mapping, list, tuple)) and (strength <= Strength.CODES or _has_no_texts(value)):
            return self._value(value, strength)
        if isinstance(value, str) and (is_message(value) or says_name(value, owner)):
            return self._text(value, 0)
        if is_hidden(strength, value):
            return REDACTED
        return self._value(value)

    def _list(self, items: Sequence[Any], inherited: int) -> list[Any]:
        if columns := columns_of_rows(items, self.names):
            return [self._value(items[0]), *self._rows(items[1:], columns)]
        hidden = arguments_to_hide(items, self.names) if len(items) > 1 else {}
        return [self._member(item, max(hidden.get(place, 0), inherited)) for place, item in enumerate(items)]

    def _rows(self, rows: Any, columns: Mapping[int, int]) -> Any:
        if isinstance(rows, Mapping):
            inner = rows_key(rows)
            return {key: self._rows(v, columns) if key == inner else self._value(v) for key, v in rows.items()}
        return [self._row(row, columns) for row in rows]

    def _row(self, row: Any, columns: Mapping[int, int]) -> Any:
        if isinstance(row, Mapping) and len(row) == 1:
            return {key: self._row(cells, columns) for key, cells in row.items()}
        if not isinstance(row, (list, tuple)):
            return self._value(row)
        return [self._member(cell, columns.get(place, 0)) for place, cell in enumerate(row)]

    def _wanted(self, mapping: Mapping[Any, Any]) -> Wanted:
        """Say which of the parameters in a mapping are secrets, by the statements beside them."""
        wanted: dict[int | str, int] = {}
        for statement in mapping.values():
            if isinstance(statement, str) and has_placeholder(statement):
                wanted |= parameters_to_hide(statement, self._mentions(statement))
        return wanted

    def _parameters(self, given: Any, wanted: Wanted) -> Any:
        if isinstance(given, Mapping):
            return {key: self._member(v, max(wanted.get(key, 0), self.names.strength(key))) for key, v in given.items()}
        if not isinstance(given, (list, tuple)):
            return self._value(given)
        if all(isinstance(item, (list, tuple, Mapping)) for item in given):
            return [self._parameters(item, wanted) for item in given]
        return [self._member(item, wanted.get(place, 0)) for place, item in enumerate(given)]

    def _mentions(self, text: str) -> list[Mention]:
        lower = lowered(text)
        return find_mentions(text, lower, self.names.hinted_in(words_in(lower)), self.names)

    def _key(self, key: Any, inherited: int) -> Any:
        if not isinstance(key, str) or len(key) < _SHORTEST_TOKEN:
            return key
        return REDACTED if inherited and is_opaque(key) else self._text(key, 0)

    def _text(self, text: str, depth: int) -> str:
        rest_if_due()
        if len(text) < _SHORTEST:
            return text
        if text.lstrip()[:1] in ("{", "[", '"'):
            try:
                return self.document(text)
            except ValueError:
                pass  # It only looked like JSON.
        return self._plain(text, depth)

    def _may_hold_secret(self, text: str) -> bool:
        if "\\u" in text or "%" in text or ("@" in text and "://" in text):
            return True
        # An escape of a control character leaves a letter at the beginning of a word.
        text = _ESCAPED_CONTROL.sub("  ", text) if "\\" in text else text
        lower = lowered(text)
        words = words_in(lower)
        hints = self.names.hinted_in(words)
        if may_hold_password(words) or may_hold_password_file(text) or may_hold_resource(words):
            return True
        if may_be_made(text, words) or may_configure_router(words) or may_hold_key_or_code(text, words):
            return True
        if hints and (_ESCAPED_NAME in text or find_mentions(text, lower, hints, self.names)):
            return True
        if ('"-' in text or '\\"' in text) and names_command(words):
            return True
        if '\\"' in text and may_hand_over(words):
            return True
        found = itertools.chain(
            find_in_addresses(text),
            find_tokens(text, words),
            find_in_commands(text, lower, words),
            find_in_links(text, words),
            find_handed_over(text, lower, words),
            find_in_routers(text, words),
        )
        return next(found, None) is not None

    def _plain(self, text: str, depth: int) -> str:
        readable = _ESCAPE.sub(_unescaped, text) if "\\u" in text else text
        redacted = self._decoded(readable, depth) if "%" in readable else readable
        redacted = replaced(redacted, self.find(redacted))
        return text if redacted == readable else redacted

    def _decoded(self, text: str, depth: int) -> str:
        """Redact what is percent-encoded: first in `name=value`, then in what is left."""
        text = _PAIR_IN_TEXT.sub(lambda pair: self._pair(pair, depth) if "%" in pair[0] else pair[0], text)
        return _ENCODED_RUN.sub(lambda run: self._run(run[0], depth), text)

    def _run(self, run: str, depth: int) -> str:
        decoded = unquote_plus(run)
        if depth >= _DEEPEST_ENCODING:
            return REDACTED if _ENCODED.search(decoded) else run
        redacted = self._text(decoded, depth + 1)
        return run if redacted == decoded else quote(redacted, safe="[]")

    def _pair(self, pair: re.Match[str], depth: int, *, is_query: bool = False) -> str:
        """Redact `name=value`, percent-encoded or not, and what is percent-encoded in the value in turn."""
        name, raw = pair.groups()
        decoded = unquote_plus(raw)
        strength = self.names.strength(unquote_plus(name).rpartition("?")[2])
        if (
            raw
            and strength
            and (is_hidden(strength, decoded) or (is_query and name.lower().rpartition("?")[2] in PARAMETERS))
        ):
            return f"{name}={REDACTED}"
        if depth >= _DEEPEST_ENCODING:
            return f"{name}={REDACTED}" if _ENCODED.search(raw) else pair[0]
        redacted = self._text(decoded, depth + 1)
        return pair[0] if redacted == decoded else f"{name}={quote(redacted, safe='[]')}"


def members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping of the members of a JSON object that also knows those whose key comes again."""
    made = _Members(pairs)
    if len(made) < len(pairs):
        made.pairs = pairs
    return made


def _has_doubles(value: Any) -> bool:
    if isinstance(value, _Members):
        return bool(value.pairs) or any(map(_has_doubles, value.values()))
    return isinstance(value, list) and any(map(_has_doubles, value))


def _has_no_texts(value: Any) -> bool:
    """Say whether there are only counts in a mapping, or only sentences in a list: what is wrong with a field, say."""
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(v, (int, float)) for v in value.values())
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(v, str) and is_message(v) for v in value)


def _unescaped(escape: re.Match[str]) -> str:
    """Read an escape of a letter or the like; quotes and control characters keep theirs."""
    code = int(escape[1], 16)
    is_plain = code >= _LEAST_PRINTABLE and code != ord("\\") and not 0xD800 <= code < 0xE000
    return chr(code) if is_plain else escape[0]
