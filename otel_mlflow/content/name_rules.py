"""How a name is judged by its words.

- A word for passwords, as a part of a word too, hides everything (`userPassword`, `dbpassword`, `password_2`).
- A word or a phrase for another secret hides texts (`client_secret`, `mot-de-passe`).
- A word for a code (`otp`, `pin`), or for what is written like one (`cookie`), hides all but plain words.
- A word that has other meanings (`token`, `sig`) hides what looks like a credential; so does an environment variable
  that ends in `_KEY`.
- A password's control of a form, or where it is kept, hides all but plain words (`passwordField`, `passwordKey`).
- Not where the name says something about the secret (`password_policy`, `has_token`, `nextPageToken`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from otel_mlflow.content import vocabulary
from otel_mlflow.content.credentials import is_credential
from otel_mlflow.content.words import fold, split_words

# Parts of words: no other word has them.
_INSIDE = (
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "kennwort",
    "contrasen",
    "wachtwoord",
    "пароль",
    "passord",
    "losenord",
)
_ENDINGS = (
    *("token", "secret", "apikey", "cookie", "credentials", "secretkey", "accesskey", "privatekey"),
    *("storepass", "keypass"),
)
# `passwordless` says that there is none.
_WITHOUT = ("wordless", "wortlos", "tokenless", "keyless", "secretless")
_VAGUE = frozenset(
    {
        *(
            "access",
            "security",
            "social",
            "personal",
            "service",
            "set",
            "two",
            "one",
            "auth",
            "amz",
            "reset",
            "login",
            "protocol",
        ),
        *("id", "url", "uri", "data", "header", "json", "x"),
    }
)


def _hints_of(phrase: tuple[str, ...]) -> set[str]:
    """Choose the words that show a phrase: the last and the longest, unless every other text has them."""
    telling = {phrase[-1], max(phrase, key=len)} - _VAGUE
    return telling or {max(phrase, key=lambda word: (word not in _VAGUE, len(word)))}


HINTS = frozenset(
    word
    for phrase in (*vocabulary.PHRASES, *vocabulary.NUMERIC_PHRASES, *vocabulary.OPAQUE_PHRASES)
    for word in _hints_of(phrase)
) | {"key", "keys", "code", "codes", "pass"}
"""Words that show that a text may have a phrase."""


class Strength(IntEnum):
    """What is hidden under a name."""

    NOTHING = 0
    CREDENTIALS = 1
    """What looks like a credential."""
    CODES = 2
    """What is more than plain words: numbers of at least three digits, `name=value`, credentials."""
    TEXTS = 3
    """Texts, and what they are in; numbers that are too long for a count."""
    ALL = 4


def judge_words(words: list[str]) -> int:
    """Say what is hidden under a name of these words: the strongest of what its parts ask for."""
    while words and words[-1].isdigit():
        words = words[:-1]
    return max((_judge_at(words, place) for place in range(len(words))), default=Strength.NOTHING)


def judge_variable(name: str) -> int:
    """Say what is hidden under an environment variable: its key is a credential, unless it is a place (`CACHE_KEY`)."""
    owner, _, kind = name.rpartition("_")
    is_key = kind == "KEY" and owner.isupper() and vocabulary.PLACES.isdisjoint(split_words(owner)[-1:])
    return Strength.CREDENTIALS if is_key else Strength.NOTHING


def names_aspect(name: object) -> bool:
    """Say whether a name is one of something about a secret, as it stands under the secret's name: `min_length`."""
    return isinstance(name, str) and not vocabulary.STATED.isdisjoint(split_words(name))


def _judge_at(words: list[str], place: int) -> int:
    strength, length = _phrase_at(words, place)
    tail = words[place + length :]
    if strength is Strength.ALL and tail and vocabulary.CONTROLS.issuperset(tail):
        return Strength.CODES
    if strength is Strength.NOTHING or _is_about(words, place, length):
        return Strength.NOTHING
    is_firm = length > 1 or strength is Strength.ALL
    if is_firm or all(word in vocabulary.NEUTRAL or word.isdigit() or len(word) == 1 for word in tail):
        return strength
    return Strength.CREDENTIALS


def _is_about(words: list[str], place: int, length: int) -> bool:
    """Say whether the name is one of something about the secret: `has_token`, `password_policy`."""
    if any(
        word in vocabulary.ASPECTS or word.removesuffix("s") in vocabulary.ASPECTS for word in words[place + length :]
    ):
        return True
    return place > 0 and words[0] in vocabulary.DENIALS


def _phrase_at(words: list[str], place: int) -> tuple[Strength, int]:
    """Find the name of a secret that begins at a word: how strong it is, and how many words it has."""
    word = words[place]
    for strength, phrases in _PHRASES_BY_STRENGTH:
        for phrase in phrases.get(word, ()):
            if tuple(words[place : place + len(phrase)]) == phrase:
                return strength, len(phrase)
    if word in vocabulary.KEY_OWNERS and words[place + 1 : place + 2] in (["key"], ["keys"]):
        return Strength.TEXTS, 2
    return _strength_of_word(word, words[place - 1] if place else ""), 1


def _strength_of_word(word: str, before: str) -> Strength:
    if word.endswith(_WITHOUT):
        return Strength.NOTHING
    if word in vocabulary.PASSWORDS or any(part in word for part in _INSIDE):
        return Strength.ALL
    if word in vocabulary.CODES:
        return Strength.CODES
    if word == "token":
        return _strength_of_token(before)
    if word == "pass" and before in vocabulary.PASSES:
        return Strength.NOTHING
    if word in vocabulary.SINGLE or any(part in word for part in _SCRIPTS):
        return Strength.TEXTS
    if word in _OPAQUE:
        is_of_text = word == "tokens" and before in vocabulary.TOKENS_OF_TEXT
        return Strength.NOTHING if is_of_text else Strength.CREDENTIALS
    ending = next((ending for ending in _ENDINGS if word.endswith(ending)), "")
    if not ending and word.endswith(("pass", "pwd")) and word not in vocabulary.OTHER_PASSES:
        return Strength.CODES
    if not ending or word == "unsecret":
        return Strength.NOTHING
    return _strength_of_token(word.removesuffix("token")) if ending == "token" else Strength.TEXTS


def _strength_of_token(before: str) -> Strength:
    if before in vocabulary.TOKENS_OF_TEXT:
        return Strength.NOTHING
    return Strength.TEXTS if before else Strength.CREDENTIALS


def _by_first_word(phrases: Iterable[tuple[str, ...]]) -> dict[str, list[tuple[str, ...]]]:
    grouped: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        grouped.setdefault(fold(phrase[0]), []).append(tuple(map(fold, phrase)))
    return grouped


def is_label(text: str) -> bool:
    """Say whether a text is itself only the name of a secret: a label, a translation, the name of a column."""
    if _HEADER_NAME.fullmatch(text):
        return True
    if len(text) > _LONGEST_LABEL or not re.sub("[ _'’-]", "", text).isalpha():
        return False
    words = split_words(text)
    return _LABELS.issuperset(words) and any(_judge_at(words, place) for place in range(len(words)))


def says_name(text: str, name: object) -> bool:
    """Say whether a text is its own name in words, as a page's labels are: `{"save_password": "Save password"}`."""
    if " " not in text or not isinstance(name, str) or len(text) > _LONGEST_LABEL:
        return False
    return split_words(text) == split_words(name)


def is_class_name(text: str) -> bool:
    """Say whether a text is the name of a class of secrets: `TemporaryCredentials`; a shorter one may be a password."""
    if not _SHORTEST_CLASS_NAME <= len(text) <= _LONGEST_CLASS_NAME or not text.isalpha() or is_credential(text):
        return False
    words = split_words(text)
    return len(words) > 1 and any(_judge_at(words, place) for place in range(len(words)))


_HEADER_NAME = re.compile(r"(?:X|Content|Accept|Access|Cache|User|If|Last|Proxy|Transfer)(?:-[A-Z][A-Za-z]{1,20}){1,4}")
_SHORTEST_CLASS_NAME = 20
_LONGEST_CLASS_NAME = 100
_LONGEST_LABEL = 40
_OPAQUE = frozenset(map(fold, vocabulary.OPAQUE))
_SCRIPTS = tuple(map(fold, vocabulary.SCRIPTS_WITHOUT_SPACES))
_PHRASES_BY_STRENGTH = (
    (Strength.CODES, _by_first_word(vocabulary.NUMERIC_PHRASES)),
    (Strength.TEXTS, _by_first_word(vocabulary.PHRASES)),
    (Strength.CREDENTIALS, _by_first_word(vocabulary.OPAQUE_PHRASES)),
)
_NAMES = (vocabulary.PASSWORDS - vocabulary.COMPOUNDS) | vocabulary.SINGLE | vocabulary.CODES | vocabulary.OPAQUE
_LABELS = (
    frozenset(
        map(fold, _NAMES | vocabulary.SCRIPTS_WITHOUT_SPACES | vocabulary.BESIDE_LABELS | vocabulary.TOKEN_OWNERS)
    )
    | {word for phrase in (*vocabulary.PHRASES, *vocabulary.NUMERIC_PHRASES) for word in phrase}
    | {"key", "keys"}
)
