"""Secrets that a sentence tells.

1. After the name, what it is: `my password is …`, `the password for the VPN is …`, `パスワードは…です`.
2. After the name and a remark: `a temporary password is generated for root@host: …`, `пароль от базы …`; after dots
   that lead to it: `Password ..... …`.
3. Alone on the line below: `the following password to proceed:`.
4. After the name, what it was and what it is: `changed the password from … to …`.
5. Before the name, what is one: `… is your verification code`, `use … as the password`, `connect("…")  # password`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.credentials import (
    is_camel_case,
    is_credential,
    is_message,
    is_opaque,
    is_placeholder,
    is_seed_phrase,
    is_word,
    may_be_password,
)
from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength, is_class_name, is_label
from otel_mlflow.content.names import is_hidden

Range = tuple[int, int]

_FOR = (
    r"(?:for|of|to|on|in|at|für|vom|von|zum|zur|pour|du|des|de|del|dello|della|da|para|di|per|voor|do|för|til|için|для|от|к)"
    r"(?:[ ][^\s.:;,]{1,60}){1,4}?"
    r"|(?:(?:that|which)[ ])?(?:you|we|i|they|he|she)(?:[ ][^\s.:;,]{1,60}){1,4}?"
)
_IS = re.compile(
    rf"""(?:['’]s\s{{1,9}}|(?:[ ](?:tempor|provis)\w{{1,12}})?[ ]?(?:\s(?:{_FOR}|\([^()\r\n]{{1,40}}\)))?\s{{1,9}}"""
    r"""(?:(?:is|was|are|will|be|has|been|ist|war|lautet|est|c['’]est"""
    r"""|es|era|é|è|e|este|je|jest|to|là|är|er|on"""
    r"""|eto|είναι|είν|है|היא|הוא|هي|هو|adalah|ialah|set|reset|changed|now|still|equals|as|auf|это|є|:=)(?:\s{1,9}|:\s{0,9})){1,4})"""
    r"""\s{0,9}["'`“«]?\s?([^\s"'`<>“”«»]+)"""
    r"""|\s?(?:是|为|為|は|が|이?가|는|은|คือ|है|:)\s?[:\uff1a]?\s?["'「“]?([!-~]{4,})"""
    r"""|\s?[\[【](\d{4,8})[\]】]""",
    re.IGNORECASE,
)
_EXCHANGED = re.compile(
    rf"""(?:\s(?:{_FOR}))?\s(?:(?:was|has[ ]been)[ ])?(?:changed[ ])?from\s["'`]?([^\s"'`<>]+)["'`]?"""
    r"""\sto\s["'`]?([^\s"'`<>]+)""",
    re.IGNORECASE,
)
_AFTER_REMARK = re.compile(
    r"(?:[ ][^:\r\n\"'{}<>=|]{1,60}:[ \t]+[\"'`]?|[ ]?(?:\.{3,80}|…)[ ]{1,4}"
    r"|[ ](?:от|для|к)(?:[ ][^\s.:;,]{1,60}){1,4}?[ ])"
    r"([^\s\"'`<>{}\[\]]+)(?:[\"'`]?[ \t]*(?:\Z|[\r\n])|(?<=\.)\s)"
)
_ALONE_BELOW = re.compile(
    r"[^:\r\n\"'{}<>=|]{0,60}(?:[:?][ \t*]*(?:\r?\n|\\n)|(?:\r?\n|\\n){2})(?:\r?\n|\\n){0,2}"
    r"(?:```\w{0,20}(?:\r?\n|\\n))?[ \t>*`]*"
    r"([^\s\"'<>`\\]+)[ \t`]*(?:\Z|[\r\n]|\\n)"
)
_BEFORE = re.compile(
    r"""(?:\A|[\s"'`“(])([^\s"'`“”<>:=(),]{4,200})["'`”]?"""
    r"""(?:[ ](?:is|as|for|ist|als|est|comme|es|como|é|è|come|jest|to)"""
    r"""|[ ]?[,;—–-][ ](?:that|this|which)(?:['’]s|[ ]is)|[ ]\((?:your|my|the))"""
    r"""(?:[ ]\w{1,20}){0,4}[ ]?\Z""",
    re.IGNORECASE,
)
_IN_FRONT_OF_REMARK = re.compile(
    r"""["']([^"'\n]{4,200})["'][\w.()\[\],; ]{0,40}[ ](?:\#|//|--|/\*)[ ]?(?:\w{1,20}[ ]){0,4}\Z"""
)
_QUOTED_WORDS = re.compile(r"""["“`]([^"“”`\r\n]{4,120})["”`]|'([^'\r\n]{4,120})'(?!\w)""")
_LINE = re.compile(r"[^\r\n]*")
_NUMERIC_NAME = re.compile(
    r"(?:pin|otp|totp|cvv2?|cvc2?|ssn|code|tan|passcode|v[eé]rifica\S{0,6}|confirma\S{0,5}|подтверждения|доступа|kodu|kodunuz|weryfikacyjny)\Z",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?:[A-Z]-)?(\d{4,8})")
_PASSPHRASE = re.compile(r"passphrase|mnemonic|phrase\Z", re.IGNORECASE)
_LOOK_BACK = 260
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]{5,15}Z?)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d")
_SOCIAL_SECURITY_NUMBER = re.compile(r"\d{3}-\d{2}-\d{4}")
_VERBS = frozenset({"is", "was", "ist", "war", "est", "es", "lautet"})
_SHORTEST_CODE = len("123")
_FEWEST_WORDS = 3
_FEWEST_SEEDS = 8
_PUNCTUATION = ".,;:!?)]}'\""


def find_told(text: str, mention: Mention) -> Range | None:
    """Find the secret that a sentence tells after its name, or before it."""
    return (
        _in_front_of_remark(text, mention)
        or _said(text, mention)
        or find_below(text, mention)
        or _after_remark(text, mention)
        or _before(text, mention)
    )


def find_exchanged(text: str, mention: Mention) -> Iterator[Range]:
    """Find the secrets that a sentence tells were exchanged for each other."""
    exchanged = _EXCHANGED.match(text, mention.end)
    if exchanged is None or mention.strength < Strength.CODES:
        return
    for group in (1, 2):
        word = exchanged[group].rstrip(_PUNCTUATION)
        if is_credential(word) and not is_placeholder(word):
            yield exchanged.start(group), exchanged.start(group) + len(word)


def names_code(text: str, mention: Mention) -> bool:
    """Say whether a name is that of a short number."""
    return _NUMERIC_NAME.search(text, mention.start, mention.end) is not None


def is_pin(word: str) -> bool:
    """Say whether a word may be a PIN or the like."""
    return (word.isdigit() and len(word) >= _SHORTEST_CODE) or _SOCIAL_SECURITY_NUMBER.fullmatch(word) is not None


def quoted_words(text: str, quote: int) -> Range | None:
    """Find the words in quotes that a sentence says a password is; a sentence in quotes is none."""
    quoted = _QUOTED_WORDS.match(text, quote)
    group = 1 if quoted and quoted[1] else 2
    if quoted is None or len(quoted[group].split()) < _FEWEST_WORDS or is_message(quoted[group]):
        return None
    return quoted.span(group)


def names_phrase(text: str, mention: Mention) -> bool:
    """Say whether a name is that of several words."""
    return _PASSPHRASE.search(text, mention.start, mention.end) is not None


def _said(text: str, mention: Mention) -> Range | None:
    said = _IS.match(text, mention.end)
    if said is None:
        return None
    group = said.lastindex or 0
    if mention.strength == Strength.ALL and (found := quoted_words(text, said.start(group) - 1)):
        return found
    if names_phrase(text, mention):
        line = _LINE.match(text, said.start(group))
        is_secret = line is not None and (
            is_credential(line[0]) or is_seed_phrase(line[0].strip(_PUNCTUATION), _FEWEST_SEEDS)
        )
        return (said.start(group), line.end()) if line and is_secret else None
    word = said[group].rstrip(_PUNCTUATION)
    if is_pin(word.rstrip("#*")) and names_code(text, mention):
        return said.start(group), said.start(group) + len(word)
    is_pass = text[mention.start : mention.end].lower() == "pass"
    if (is_pass or mention.strength == Strength.ALL) and is_camel_case(word):
        is_secret = not (is_class_name(word) or _VERBS.isdisjoint(text[mention.end : said.start(group)].split()))
    elif is_pass or mention.strength < Strength.TEXTS:
        is_secret = is_hidden(min(mention.strength, Strength.CODES), word)
    else:
        is_secret = not (is_word(word) or (mention.strength < Strength.ALL and is_class_name(word)))
    is_secret = is_secret and not (is_placeholder(word) or is_label(word) or _DATE.fullmatch(word))
    return (said.start(group), said.start(group) + len(word)) if is_secret else None


def find_below(text: str, mention: Mention) -> Range | None:
    """Find a secret that stands alone on the line below its name."""
    return _credential(_ALONE_BELOW.match(text, mention.end), mention)


def _after_remark(text: str, mention: Mention) -> Range | None:
    return _credential(_AFTER_REMARK.match(text, mention.end), mention)


def _credential(found: re.Match[str] | None, mention: Mention) -> Range | None:
    if found is None:
        return None
    word = found[1].rstrip(_PUNCTUATION)
    is_random = may_be_password(word) if mention.strength >= Strength.CODES else is_opaque(word) and "(" not in word
    is_secret = is_random and "://" not in word and "=" not in word and not is_placeholder(word)
    return (found.start(1), found.start(1) + len(word)) if is_secret else None


def _in_front_of_remark(text: str, mention: Mention) -> Range | None:
    """Find the secret in a line of code whose remark says what it is: `connect("…")  # password`."""
    start = max(mention.start - _LOOK_BACK, 0)
    found = _IN_FRONT_OF_REMARK.search(text[start : mention.start])
    if found is None or mention.strength < Strength.CODES or not may_be_password(found[1]):
        return None
    return start + found.start(1), start + found.end(1)


def _before(text: str, mention: Mention) -> Range | None:
    """Find the secret in `… is your password`."""
    start = max(mention.start - _LOOK_BACK, 0)
    found = _BEFORE.search(text[start : mention.start])
    if found is None or mention.strength < Strength.CODES:
        return None
    if (code := _CODE.fullmatch(found[1])) and names_code(text, mention):
        return start + found.start(1) + code.start(1), start + found.end(1)
    return (start + found.start(1), start + found.end(1)) if may_be_password(found[1]) and "/" not in found[1] else None
