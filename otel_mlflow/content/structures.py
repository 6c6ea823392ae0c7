"""Secrets that a structure names elsewhere than in their own key.

1. A name and a value beside each other: `{"name": "password", "value": …}`, `["authorization", …]`.
2. The place and the input of a validation error: `{"loc": ["body", "password"], "input": …}`.
3. Columns and rows: `{"columns": ["user", "password"], "data": [[…], …]}`, a list of rows whose first is the head, the
   answer of a statement on Databricks: `{"manifest": {"schema": …}, "result": {"data_array": …}}`.
4. A command's arguments: `["--password", …]`.
5. A Kubernetes Secret: `{"kind": "Secret", "data": {…}}`.
6. The grant of an OAuth client, and what its server answers: `{"grant_type": "authorization_code", "code": …}`,
   `{"code": …, "state": …}`.
7. A key in JSON (RFC 7517): `{"kty": "RSA", "d": …}`; one that is told by what it is under, or alone beside:
   `{"encryption": {"key": …}}`, `{"username": "ada", "key": …}`, `{"keyName": "key1", "value": …}`.
8. A password that is typed again: `{"password": …, "confirm": …}`; the number of a card beside its code:
   `{"number": …, "cvc": …}`; what Vault lets a role in with: `{"role_id": …, "secret_id": …}`.

And names that are none here: the `token` of a model's log probabilities, a JSON schema's property, the `pin` of an
address in India.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence, Set
from itertools import chain
from typing import Any

from otel_mlflow.content.commands import find_in_commands
from otel_mlflow.content.credentials import is_opaque, is_postal_code, is_public_key, is_word
from otel_mlflow.content.mentions import words_in
from otel_mlflow.content.name_rules import Strength, is_label, names_aspect
from otel_mlflow.content.names import SecretNames
from otel_mlflow.content.sections import is_key, names_key

Members = Mapping[Any, int]

_NAME_KEYS = frozenset(
    [
        "name",
        "key",
        "header",
        "field",
        "param",
        "parameter",
        "variable",
        "var",
        "attribute",
        "property",
        "k",
        "n",
        "id",
        "label",
        "option",
        "env_var",
        "envvar",
        "setting",
        "parameterkey",
        "headername",
        "fieldname",
        "column",
        "columnname",
        "path",
        "selector",
        "selectors",
        "locator",
        "element",
        "target",
        "entity",
        "slot",
    ]
)
_ELEMENT_KEYS = frozenset({"element", "field", "target", "locator", "control"})
_TYPE_KEYS = frozenset({"type", "inputtype", "input_type"})
# What they say may also be about a secret, so of what stands beside only credentials are hidden.
_TITLE_KEYS = frozenset({"title", "question", "prompt", "placeholder", "aria-label", "arialabel"})
_VALUE_KEYS = frozenset(
    [
        "value",
        "answer",
        "response",
        "val",
        "content",
        "contents",
        "v",
        "data",
        "text",
        "values",
        "parametervalue",
        "stringvalue",
        "string_value",
        "secretvalue",
        "headervalue",
        "fieldvalue",
        "default",
        "example",
        "defaultvalue",
        "default_value",
        "current",
        "input",
        "old",
        "new",
        "old_value",
        "new_value",
        "oldvalue",
        "newvalue",
        "before",
        "after",
        "from",
        "to",
    ]
)
_LOC_KEYS = ("loc", "path", "field", "pointer", "instancePath", "property", "propertyPath")
_INPUT_KEYS = frozenset(
    {
        *("input", "input_value", "received", "rejectedvalue", "rejected_value", "invalidvalue", "invalid_value"),
        *("instance", "actual", "given"),
    }
)
_GRANT_KEYS = frozenset({"grant_type", "redirect_uri", "redirecturi", "code_verifier", "codeverifier", "granttype"})
_GRANTED = frozenset({"code", "state", "ticket"})
_ACCOUNT_KEYS = frozenset({"user", "username", "user_name", "login", "email", "mail", "host", "account", "uid", "u"})
_TYPED_AGAIN = frozenset({"confirm", "confirmation", "confirmed", "repeat", "repeated", "again", "retype", "verify"})
_CARD_CODES = frozenset({"cvv", "cvc", "cvv2", "cvc2", "security_code", "securitycode", "card_cvv", "card_cvc"})
_CARD_NUMBERS = frozenset({"pan", "number", "card", "card_no", "cardno", "ccnumber", "cc_number"})
# India's postal codes are called PIN, and have six digits as some of the other have.
_ADDRESS_KEYS = frozenset({"city", "street", "district", "town", "locality", "state", "address", "line1", "country"})
_POSTAL_CODES = frozenset({"pin", "pincode", "pin_code", "pin-code"})
_MIXED_KEY = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\w+/=-]{32,}")
_PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "k", "oth")
_COLUMN_KEYS = ("columns", "columnMetadata", "headers", "header", "fields", "column_names", "cols", "schema", "names")
_ROW_KEYS = ("data", "rows", "values", "data_array", "records", "body", "tuples")
_LOG_PROBABILITY = frozenset(
    {"logprob", "logprobs", "top_logprobs", "log_prob", "prob", "lemma", "pos", "pos_tag", "lexeme"}
)
_SCHEMA_TYPES = frozenset({"string", "object", "number", "integer", "boolean", "array", "null"})
# Of OpenAPI.
_SECURITY_SCHEMES = frozenset({"apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"})
_SECURITY_SCHEME_KEYS = frozenset({"in", "scheme", "flows", "openIdConnectUrl"})
_SCHEMA_KEYS = frozenset({"$ref", "anyOf", "oneOf", "allOf", "description", "properties"})
_SCHEMA_VALUES = frozenset({"default", "const", "example", "examples"})
_LONG_KEY_OR_CODE = re.compile(
    r'(?:(?<=["\'])|(?<=[ \tn]))(?:key|code)["\']?\s{0,4}(?:=>|[:=])\s{0,4}\\?["\']?[^"\s]{16}'
)
_SHORTEST_TABLE = 2
_MOST_ARGUMENTS = 100
_LONGEST_ARGUMENT = 400


def members_to_hide(mapping: Mapping[Any, Any], pairs: Sequence[tuple[Any, Any]], names: SecretNames) -> dict[Any, int]:
    """Say under which keys of a mapping something is hidden, and what; `pairs` are all its members, doubles too."""
    hidden: dict[Any, int] = {}
    for name, _ in pairs:
        strength = names.strength(name)
        if name == "pass" and _ACCOUNT_KEYS.isdisjoint(map(_folded, mapping)):
            strength = min(strength, Strength.CREDENTIALS)
        if strength == Strength.CODES and _is_postal(name, mapping):
            continue
        if strength and not _is_piece_of_text(name, mapping):
            hidden[name] = max(strength, hidden.get(name, 0))
    named = _strength_beside(pairs, names)
    if named:
        hidden |= {key: named for key, value in pairs if _folded(key) in _VALUE_KEYS and not _is_of_call(key, value)}
    if (located := _strength_of_place(mapping, names)) and not _is_of_missing(mapping):
        inputs = _INPUT_KEYS | {"data"} if "instancePath" in mapping else _INPUT_KEYS
        hidden |= {key: located for key in mapping if _folded(key) in inputs}
    if "keyName" in mapping:
        hidden |= {key: Strength.TEXTS for key, v in pairs if _folded(key) == "value" and _is_mixed_key(v)}
    if not _CARD_CODES.isdisjoint(map(_folded, mapping)):
        hidden |= {key: Strength.CODES for key in mapping if _folded(key) in _CARD_NUMBERS}
    if "role_id" in mapping and isinstance(secret := mapping.get("secret_id"), str) and is_opaque(secret):
        hidden["secret_id"] = Strength.TEXTS
    if _is_grant(mapping):
        hidden |= {key: Strength.CREDENTIALS for key in mapping if _folded(key) in _GRANTED}
    if Strength.ALL in hidden.values():
        hidden |= {key: Strength.CODES for key in mapping if _folded(key) in _TYPED_AGAIN}
    if isinstance(mapping.get("kty"), str):
        hidden |= {key: Strength.TEXTS for key in _PRIVATE_PARTS if key in mapping}
    if mapping.get("kind") == "Secret":
        hidden |= {key: Strength.ALL for key in ("data", "stringData") if isinstance(mapping.get(key), Mapping)}
    return hidden


def keys_to_hide(mapping: Mapping[Any, Any], owner: Any, names: SecretNames) -> dict[Any, int]:
    """Judge a member called `key` by the name that the mapping is under, or by an account's name alone beside it."""
    key = mapping.get("key")
    if not isinstance(key, str) or not is_key(key):
        return {}
    is_of_account = len(mapping) == len(("username", "key")) and not _ACCOUNT_KEYS.isdisjoint(map(_folded, mapping))
    return {"key": Strength.TEXTS} if is_of_account or names_key(owner, names) else {}


def may_hold_key_or_code(text: str, words: Set[bytes]) -> bool:
    """Say whether a text of these words may hold a key in JSON or in a configuration file, or a grant."""
    is_named = b"key" in words or (b"code" in words and b"state" in words)
    return b"kty" in words or b"keyname" in words or (is_named and _LONG_KEY_OR_CODE.search(text) is not None)


def columns_to_hide(mapping: Mapping[Any, Any], names: SecretNames) -> tuple[Any, dict[int, int]]:
    """Find the key of the rows of a table, and which of its columns hold secrets."""
    rows = rows_key(mapping)
    head = next((mapping[key] for key in _COLUMN_KEYS if mapping.get(key) and not isinstance(mapping[key], str)), None)
    if rows is None and isinstance(manifest := mapping.get("manifest"), Mapping):
        rows, head = "result", manifest.get("schema")
    if rows is None or head is None:
        return None, {}
    return rows, _strengths_of(_column_names(head), names)


def rows_key(mapping: Mapping[Any, Any]) -> Any:
    """Find the key of the rows of a table."""
    return next((key for key in _ROW_KEYS if isinstance(mapping.get(key), (list, tuple))), None)


def columns_of_rows(rows: Sequence[Any], names: SecretNames) -> dict[int, int]:
    """Find the columns with secrets in a list of rows whose first is the head."""
    if len(rows) < _SHORTEST_TABLE or not all(isinstance(row, (list, tuple)) for row in rows[:3]):
        return {}
    head = rows[0]
    is_table = len(head) > 1 and len(rows[1]) == len(head) and all(isinstance(name, str) for name in head)
    columns = _strengths_of(head, names) if is_table else {}
    is_pair = len(head) == len(("name", "value")) and 0 in columns
    return {} if is_pair else columns


def arguments_to_hide(items: Sequence[Any], names: SecretNames) -> dict[int, int]:
    """Find the arguments that follow the option of a secret: `["--password", …]`; and the second of a pair."""
    hidden: dict[int, int] = {}
    for place, item in enumerate(items[:-1]):
        if (
            isinstance(item, str)
            and item.startswith("-")
            and len(item) < 80
            and (strength := names.strength(item.lstrip("-")))
        ):
            hidden[place + 1] = strength
    if any(isinstance(item, str) and item.startswith("-") for item in items):
        hidden |= _arguments_of_command(items)
    if len(items) == len(("name", "value")) and isinstance(items[0], str) and (strength := names.strength(items[0])):
        is_of_words = isinstance(items[1], str) and items[1].islower() and is_word(items[1])
        hidden |= {} if is_of_words else {1: strength}
    return hidden


def _arguments_of_command(items: Sequence[Any]) -> dict[int, int]:
    """Find the arguments with secrets of a command that is known by its name: `["curl", "-u", …]`."""
    line, starts = "", []
    for item in items[:_MOST_ARGUMENTS]:
        starts.append(len(line))
        line += f"{item[:_LONGEST_ARGUMENT]} " if isinstance(item, str) else "- "
    return {
        bisect_right(starts, start) - 1: Strength.TEXTS
        for start, _ in find_in_commands(line, line.lower(), words_in(line.lower()))
    }


def _is_of_call(key: Any, value: Any) -> bool:
    """Say whether this is what a tool is called with or what it answers: the name beside it is the tool's."""
    return _folded(key) in ("input", "response") and isinstance(value, Mapping)


def _is_postal(name: Any, mapping: Mapping[Any, Any]) -> bool:
    if _folded(name) not in _POSTAL_CODES or _ADDRESS_KEYS.isdisjoint(map(_folded, mapping)):
        return False
    return is_postal_code(str(mapping.get(name)))


def _is_mixed_key(value: Any) -> bool:
    return isinstance(value, str) and _MIXED_KEY.fullmatch(value) is not None


def _is_piece_of_text(name: Any, mapping: Mapping[Any, Any]) -> bool:
    return _folded(name) in ("token", "tokens") and not _LOG_PROBABILITY.isdisjoint(mapping)


def is_schema(mapping: Mapping[Any, Any]) -> bool:
    """Say whether a mapping is the JSON schema of a value, and not one."""
    kind = mapping.get("type")
    kinds = kind if isinstance(kind, (list, tuple)) else [kind]
    if "value" in mapping:
        return False
    if all(isinstance(each, str) and each in _SCHEMA_TYPES for each in kinds):
        return True
    if isinstance(kind, str) and kind in _SECURITY_SCHEMES:
        return not _SECURITY_SCHEME_KEYS.isdisjoint(mapping)
    return kind is None and not _SCHEMA_KEYS.isdisjoint(mapping)


def states_aspects(value: Any) -> bool:
    """Say whether a value only states something about secrets: `{"min_length": 8}`, `["db-password"]`."""
    if isinstance(value, Mapping):
        return bool(value) and all(names_aspect(key) or _states_aspects_of_one(inner) for key, inner in value.items())
    return isinstance(value, (list, tuple)) and bool(value) and all(map(_is_name_or_aspects, value))


def _states_aspects_of_one(value: Any) -> bool:
    """Say whether a value states something about one of several secrets: `{"basic": {"id": 12, "name": "CRM"}}`."""
    return isinstance(value, Mapping) and states_aspects(value)


def _is_name_or_aspects(value: Any) -> bool:
    return (
        (is_label(value) or is_public_key(value))
        if isinstance(value, str)
        else isinstance(value, Mapping) and states_aspects(value)
    )


def schema_values(mapping: Mapping[Any, Any]) -> dict[Any, int]:
    """List what of the schema of a secret is hidden all the same: its default and its examples."""
    return {key: Strength.TEXTS for key in mapping if key in _SCHEMA_VALUES}


def _strength_beside(pairs: Sequence[tuple[Any, Any]], names: SecretNames) -> int:
    """Judge the names that stand as values; a `type` is one where it is that of a form's field: `password`."""
    named = [(_folded(name), _strength_of_name(name, value, names)) for name, value in pairs]
    names_beside = [s for key, s in named if key in _NAME_KEYS or (key in _TYPE_KEYS and s == Strength.ALL)]
    titles = [min(s, Strength.CODES) for key, s in named if key in _TITLE_KEYS]
    return max((*names_beside, *titles), default=0)


def _strength_of_name(name: Any, value: Any, names: SecretNames) -> int:
    """Judge a name that stands as a value: a text, the last part of a path, the element of a page that has it."""
    if isinstance(value, (list, tuple)) and value and _folded(name) == "path":
        value = value[-1]
    if isinstance(value, (list, tuple)) and _folded(name) == "selectors":
        texts = chain.from_iterable(inner if isinstance(inner, (list, tuple)) else [inner] for inner in value)
        return max((names.strength(text) for text in texts if isinstance(text, str)), default=Strength.NOTHING)
    if isinstance(value, Mapping) and _folded(name) in _ELEMENT_KEYS:
        return _strength_beside(list(value.items()), names)
    return names.strength(value) if isinstance(value, str) else Strength.NOTHING


def _strength_of_place(mapping: Mapping[Any, Any], names: SecretNames) -> int:
    for key in _LOC_KEYS:
        place = mapping.get(key)
        parts = place if isinstance(place, (list, tuple)) else place.split("/") if isinstance(place, str) else ()
        if strength := max((names.strength(part) for part in parts if isinstance(part, str)), default=0):
            return max(strength, Strength.TEXTS)
    return 0


def _is_of_missing(mapping: Mapping[Any, Any]) -> bool:
    """Say whether the input of a validation error is what lacks the field, and not the field's."""
    return mapping.get("type") == "missing" and isinstance(mapping.get("input"), Mapping)


def _is_grant(mapping: Mapping[Any, Any]) -> bool:
    if not _GRANT_KEYS.isdisjoint(map(_folded, mapping)):
        return True
    code = mapping.get("code")
    return "state" in mapping and isinstance(code, str) and is_opaque(code)


def _column_names(head: Any) -> list[Any]:
    if isinstance(head, Mapping):
        head = head.get("fields") or head.get("columns") or list(head)
    names = list(head) if isinstance(head, (list, tuple)) else []
    return [name.get("name", name.get("key")) if isinstance(name, Mapping) else name for name in names]


def _strengths_of(columns: Sequence[Any], names: SecretNames) -> dict[int, int]:
    judged = {place: names.strength(name) for place, name in enumerate(columns)}
    return {place: strength for place, strength in judged.items() if strength}


def _folded(key: Any) -> str:
    return key.lower() if isinstance(key, str) else ""
