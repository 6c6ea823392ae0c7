"""Secrets planted wherever a request can carry one."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from hypothesis import strategies as st

from otel_mlflow.content import Redactor
from otel_mlflow.settings.defaults import REDACT_KEYS

REDACTOR = Redactor.compile(REDACT_KEYS)

NAMES = (
    *("password", "userPassword", "password_confirmation", "PASSWD", "client_secret", "clientSecret", "token"),
    *("access_token", "accessToken", "X-Forwarded-Access-Token", "x-api-key", "apiKey", "API_KEY", "api_key_2"),
    *("authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "credentials", "private_key", "user[token]"),
    *("http.request.header.x-api-key", "aws_secret_access_key", "AccountKey"),
)

# What must not get out. Letters and digits look the same in every encoding, so that it is found in each.
cores = st.text(string.ascii_letters + string.digits, min_size=12, max_size=24).map("S3cr3t".__add__)
names = st.sampled_from(NAMES)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
# Of these no secret's name can be made.
words = st.text("abcd 12-_.:=&?%/\"'\\{}[]<>\n\té😀", max_size=20)
scalars = st.none() | st.booleans() | numbers | words
harmless = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)
# Surroundings of a secret, as they come in JSON; the characters that have a meaning somewhere come often.
nasty = st.text(st.sampled_from("\"'\\{}[]:,=&%;@/?#<>+ \n\tabcé😀\u2028"), max_size=6)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Any]:
    """Draw a secret, and a JSON value that holds it somewhere."""
    core = draw(cores)
    secret = draw(nasty) + core + draw(nasty)
    value: Any = draw(st.sampled_from(_VALUES))(draw(names), secret)
    for wrap in draw(st.lists(st.sampled_from(_WRAPPINGS), max_size=4)):
        value = wrap(value, draw(harmless))
    return core, value


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a secret, and a text that is not JSON and holds it."""
    core, words = draw(cores), st.text(max_size=30)
    return core, f"{draw(words)} {draw(st.sampled_from(_TEXTS))(draw(names), core)} {draw(words)}"


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a secret, and a query string that holds it."""
    core, name = draw(cores), draw(names)
    before, after = draw(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2)), draw(nasty)
    planted = draw(st.sampled_from(_PARAMETERS))(name, core + after)
    return core, urlencode({**before, **planted}, quote_via=draw(st.sampled_from([quote, quote_plus])))


_VALUES: tuple[Callable[[str, str], Any], ...] = (
    lambda name, secret: {name: secret},
    lambda name, secret: {name: [secret, {"and": secret}]},
    lambda name, secret: {name: {"deep": {"down": secret}}},
    lambda name, secret: [[name, secret], ["accept", "*/*"]],
    lambda name, secret: {"name": name, "value": secret},
    lambda name, secret: [{"key": name, "value": secret}],
    lambda name, secret: json.dumps({name: secret}),
    lambda name, secret: json.dumps({name: secret}, indent=2, ensure_ascii=False),
    lambda name, secret: f"https://host/path?page=1&{urlencode({name: secret})}#top",
    lambda name, secret: {"url": f"see https://host/path?{urlencode({'next': '/x?' + urlencode({name: secret})})} !"},
    lambda name, secret: repr({"page": 1, name: secret}),
)
_WRAPPINGS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda value, other: {"a": value, "b": other},
    lambda value, other: [other, value, other],
    lambda value, _: {"inner": json.dumps(value)},
    lambda value, other: json.dumps([other, value], ensure_ascii=False),
)
_TEXTS: tuple[Callable[[str, str], str], ...] = (
    lambda name, secret: f"{name}={secret}",
    lambda name, secret: f"{name}: {secret}",
    lambda name, secret: f'-H "{name}: {secret}"',
    lambda name, secret: f"{{'page': 1, '{name}': '{secret}'}}",
    lambda name, secret: f"[(b'{name}', b'{secret}')]",
    lambda name, secret: f'calling it with {{"page": 1, "{name}": ["{secret}"]}} now',
    lambda name, secret: f'{{"{name}": {{"deep": "{secret}',
    lambda _, secret: f"Authorization: Basic {secret}",
    lambda _, secret: f"cookie: theme=dark; session={secret}; seen=1",
    lambda _, secret: f"Bearer {secret}",
    lambda _, secret: f"https://me:{secret}@host/path",
    lambda _, secret: f"dapi{secret}-2",
    lambda _, secret: f"eyJhbGciOiJIUzI1NiJ9.{secret}.{secret}",
    lambda _, secret: f"sk-{secret}",
    lambda _, secret: f"ghp_{secret}{secret}",
    lambda _, secret: f"-----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY-----",
)
_PARAMETERS: tuple[Callable[[str, str], dict[str, str]], ...] = (
    lambda name, secret: {name: secret},
    lambda name, secret: {"filter": json.dumps({name: secret})},
    lambda name, secret: {"next": f"https://host/?{urlencode({name: secret})}"},
    lambda _, secret: {"q": f"Bearer {secret}"},
)
