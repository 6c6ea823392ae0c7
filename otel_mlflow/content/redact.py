"""Secrets are replaced before anything leaves the process.

Most of what passes here holds none. So each text is first looked at with a few quick tests that may say yes too
often, never too rarely, and only then taken apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus

from otel_mlflow.content.assignments import assignment, hide_assigned
from otel_mlflow.content.cut import to_json
from otel_mlflow.content.names import REDACTED, SecretNames
from otel_mlflow.content.tokens import hide_tokens, may_hold_token

TOO_DEEP = "[redacted: nested too deeply to be searched]"

_SHORTEST = len("pw=x")
_DEEPEST_ENCODING = 4
# A list of pairs, as headers often are.
_LIST_IN_LIST = re.compile(r"\[\s*\[")
_PAIR = re.compile(r"(?:^|(?<=[&;#]))([^&;=#]*)=([^&;#]*)")
_PAIR_IN_TEXT = re.compile(r"""(?<![^\s?&;=#"'<>])([^\s?&;=#"'<>]{1,200})=([^\s&;#"'<>]*)""")


class _HoldsSecret(Exception):
    """Ends the parsing of a document as soon as it is clear that it has to be taken apart."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces secrets: the values of certain names, and whatever has the shape of a well-known token.

    Frozen, compiled once by `Redactor.of(names)`, and safe to share between threads.
    """

    names: SecretNames
    _assigned: re.Pattern[str]
    _searching: json.JSONDecoder
    _masking: json.JSONDecoder

    @classmethod
    def of(cls, entries: Iterable[str]) -> Redactor:
        """Compile a redactor from the setting `tracing.redact_keys`; `otel_mlflow.content.names` has the rules."""
        entries = tuple(entries)
        names = SecretNames(entries)

        def search(mapping: dict[str, Any]) -> dict[str, Any]:
            if names.are_in(mapping):
                raise _HoldsSecret
            return mapping

        return cls(
            names=names,
            _assigned=assignment(entries),
            _searching=json.JSONDecoder(object_hook=search, parse_constant=str),
            _masking=json.JSONDecoder(object_hook=names.masked, parse_constant=str),
        )

    def value(self, value: Any) -> Any:
        """Redact what JSON can say: mappings, lists and tuples, texts. Anything else is answered as it is."""
        try:
            return self._value(value)
        except RecursionError:
            return TOO_DEEP

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
            has_secret_key = self._has_secret_key(text)
            if not self._may_hold_secret_string(text):
                return to_json(self._masking.decode(text)) if has_secret_key else text
            parsed = json.loads(text, parse_constant=str)
            redacted = self._value(parsed)
        except RecursionError:
            return to_json(TOO_DEEP)
        return text if redacted == parsed else to_json(redacted)

    def query(self, query: str) -> str:
        """Redact a query string, or a form written like one."""
        return hide_tokens(_PAIR.sub(lambda pair: self._pair(pair, 0), query))

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value, 0)
        if isinstance(value, dict):
            masked = self.names.masked(value) if self.names.are_in(value) else value
            return {self._value(name): item if item is REDACTED else self._value(item) for name, item in masked.items()}
        if isinstance(value, (list, tuple)):
            is_secret_pair = len(value) == 2 and self.names.hide(*value)
            return [self._value(item) for item in ((value[0], REDACTED) if is_secret_pair else value)]
        return value

    def _text(self, text: str, depth: int) -> str:
        if len(text) < _SHORTEST:
            return text
        if text.lstrip()[:1] in ("{", "[", '"'):
            try:
                return self.document(text)
            except ValueError:
                pass  # It only looked like JSON.
        return self._plain(text, depth)

    def _has_secret_key(self, text: str) -> bool:
        """Parse a document only to learn whether a secret is among the values of its keys."""
        try:
            self._searching.decode(text)
        except _HoldsSecret:
            return True
        return False

    def _may_hold_secret_string(self, text: str) -> bool:
        lowered = text.lower()
        # A name that is not a key of the document itself is in a string, and there with one of these.
        is_named = "\\" in text or "=" in text or "'" in text or text.count(":") != text.count('":')
        is_named = is_named or _LIST_IN_LIST.search(text) is not None
        return (is_named and self.names.are_mentioned_in(text, lowered)) or may_hold_token(text, lowered)

    def _plain(self, text: str, depth: int) -> str:
        lowered = text.lower()
        if not (self.names.are_mentioned_in(text, lowered) or may_hold_token(text, lowered)):
            return text
        text = hide_tokens(text)
        if "%" in text:
            text = _PAIR_IN_TEXT.sub(lambda pair: self._pair(pair, depth) if "%" in pair[0] else pair[0], text)
        return hide_assigned(text, self._assigned)

    def _pair(self, pair: re.Match[str], depth: int) -> str:
        """Redact `name=value`, percent-encoded or not, and what is percent-encoded in the value in turn."""
        name, raw = pair.groups()
        if raw and unquote_plus(name).rpartition("?")[2] in self.names:
            return f"{name}={REDACTED}"
        if depth >= _DEEPEST_ENCODING:
            return f"{name}={REDACTED}" if "%" in raw else pair[0]
        decoded = unquote_plus(raw)
        redacted = self._text(decoded, depth + 1)
        return pair[0] if redacted == decoded else f"{name}={quote(redacted, safe='[]')}"
