"""The corpus: its cases, with secrets made up when they are run, and what became of them."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import string
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otel_mlflow.content import Body, Redactor, body_json

FOLDER = Path(__file__).parent
MAX_BYTES = 65_536
_PLACEHOLDER = re.compile(r"<<(\w+)(?: (\d+))?>>")
_ALPHABETS = {
    "alnum": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "lower": string.ascii_lowercase + string.digits,
    "upper": string.ascii_uppercase + string.digits,
    "hex": "0123456789abcdef",
    "digits": string.digits,
    "b64": string.ascii_letters + string.digits + "+/",
}
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@dataclass(frozen=True)
class Case:
    """One case: what is given, how, and which texts must not be found in what comes out."""

    kind: str
    given: str
    secrets: tuple[str, ...]
    made: str

    @property
    def leaks(self) -> bool:
        """Say whether a secret, or half of one, is in what comes out."""
        return any(part in self.made for secret in self.secrets for part in _halves(secret))


def hidden_cases(redactor: Redactor, seed: int = 0) -> Iterator[Case]:
    """Run all cases of which something must be hidden."""
    chance = random.Random(seed)
    for line in lines("hide.jsonl"):
        yield run(line, redactor, chance)


def changed(redactor: Redactor) -> Iterator[tuple[Any, str]]:
    """List the innocents that do not stay as they are, and what became of them."""
    for innocent in lines("keep.jsonl"):
        if (made := kept_or_changed(innocent, redactor)) is not None:
            yield innocent, made


def kept_or_changed(innocent: Any, redactor: Redactor) -> str | None:
    """Answer what an innocent became, as a body and as a text; None if it stayed as it is."""
    document = json.dumps(innocent, ensure_ascii=False)
    text = innocent if isinstance(innocent, str) else document
    made = (body_json(_body(document.encode()), "application/json", redactor, MAX_BYTES), redactor.text(text))
    as_it_was = json.loads(made[0]) == innocent and made[1] == text
    return None if as_it_was else " / ".join(made)


def lines(name: str) -> list[Any]:
    """Read a file of the corpus."""
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines() if line.strip()]


def run(line: Mapping[str, Any], redactor: Redactor, chance: random.Random) -> Case:
    """Make up the secrets of a case, and run it."""
    secrets: list[str] = []

    def fill(found: re.Match[str]) -> str:
        made, hidden = _made_up(found[1], int(found[2] or 16), chance)
        secrets.append(hidden)
        return made

    filled = json.loads(_PLACEHOLDER.sub(fill, json.dumps(line)))
    given, made = _run(filled, redactor)
    return Case(line["kind"], given, tuple(secrets), made)


def _run(line: Mapping[str, Any], redactor: Redactor) -> tuple[str, str]:
    if "text" in line:
        in_json = json.dumps({"note": line["text"]}, ensure_ascii=False)
        as_body = body_json(_body(in_json.encode()), "application/json", redactor, MAX_BYTES)
        return line["text"], redactor.text(line["text"]) + "\n" + as_body
    content_type = line.get("type", "application/json")
    text = json.dumps(line["json"], ensure_ascii=False) if "json" in line else line.get("body") or _streamed(line)
    raw = text.encode(line.get("encoding", "utf-8"))
    encodings = [encoding.strip() for encoding in line.get("content_encoding", "").split(",") if encoding]
    for encoding in encodings:
        raw = _ENCODERS[encoding](raw)
    limit = line.get("limit", MAX_BYTES)
    body = Body(raw[:limit], len(raw), limit if not encodings else MAX_BYTES)
    return text, body_json(body, content_type, redactor, max(limit, 512), content_encoding=", ".join(encodings))


def _streamed(line: Mapping[str, Any]) -> str:
    form = "data: {}\n\n" if line["type"] == "text/event-stream" else "{}\n"
    return "".join(form.format(json.dumps({"delta": chunk})) for chunk in line["chunks"])


def _body(raw: bytes) -> Body:
    return Body(raw, len(raw), MAX_BYTES)


def _made_up(kind: str, length: int, chance: random.Random) -> tuple[str, str]:
    """Answer a secret as it is written, and the part of it that must not be found."""
    if kind == "secret":
        made = "Zk7" + _drawn("alnum", 12, chance)
    elif kind == "human":
        made = (
            _drawn("letters", 6, chance).capitalize() + _drawn("digits", 4, chance) + chance.choice(["", "!", "?", "#"])
        )
    elif kind == "chosen":
        word, sign = chance.choice(["Blue-Horse", "Winter", "sunFlower", "Qwerty"]), chance.choice("!#$%&*")
        made = f"{word}{sign}{_drawn('letters', 3, chance)}{_drawn('digits', 1, chance)}"
    elif kind == "joined":
        one, other = chance.sample(["Marzipan", "swan", "Gravel", "cricket", "Lantern", "maple"], 2)
        made = f"{one}{chance.choice('-.')}{other.capitalize()}{chance.choice('-.')}{_drawn('digits', 2, chance)}"
    elif kind == "dice":
        made = "-".join("".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(3))
    elif kind == "uuid":
        made = str(uuid.UUID(int=chance.getrandbits(128)))
    elif kind == "basic":
        made = base64.b64encode(f"ada:Zk7{_drawn('alnum', 12, chance)}".encode()).decode()
    elif kind == "card":
        made = _card_number(chance)
    elif kind == "words":
        made = " ".join("".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(4))
    else:
        made = _drawn(kind, length, chance)
    return made, made


def _card_number(chance: random.Random) -> str:
    """Make up the number of a card, of an issuer's first digit and the check digit that Luhn's algorithm gives."""
    payload = f"4{chance.randrange(10**14):014}"
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(payload))
    number = f"{payload}{-total % 10}"
    separator = chance.choice(["", " ", "-"])
    return separator.join(number[place : place + 4] for place in range(0, 16, 4))


def _drawn(alphabet: str, length: int, chance: random.Random) -> str:
    drawn = [chance.choice(_ALPHABETS[alphabet]) for _ in range(length)]
    if alphabet in ("alnum", "upper", "lower", "b64", "hex") and length > 1:
        drawn[1] = "7"
        drawn[-2] = "k" if alphabet in ("alnum", "lower", "b64") else "A" if alphabet == "upper" else "a"
    return "".join(drawn)


def _halves(secret: str) -> tuple[str, ...]:
    half = max(len(secret) // 2, min(len(secret), 6))
    return (secret[:half], secret[-half:])
