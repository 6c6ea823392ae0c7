"""Secrets that a sentence tells.

1. After the name, what it is: `my password is …`, `the password for the VPN is …`, `パスワードは…です`; behind words of
   any kind, what has the looks of a password: `the password the new printer has is …`.
2. After the name and a remark: `a temporary password is generated for root@host: …`, `пароль от базы …`; after dots
   that lead to it: `Password ..... …`.
3. On the line below (`below.py`); in brackets behind the name.
4. After the name, what it was and what it is: `changed the password from … to …`; behind a verb of change what it is.
5. As the answer to a question: `what is the password?`, `It is …`.
6. Before the name, what is one: `… is your verification code`, `use … as the password`, `typed … into the
   password field`, `connect("…")  # password`.
"""

# ruff: noqa: RUF001, verbs in Cyrillic
from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.below import find_below, find_new_value
from otel_mlflow.content.credentials import (
    is_camel_case,
    is_credential,
    is_message,
    is_placeholder,
    is_seed_phrase,
    is_told_password,
    is_word,
    is_word_list,
    may_be_password,
)
from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength, is_class_name, is_label
from otel_mlflow.content.names import is_hidden
from otel_mlflow.content.told import (
    PUNCTUATION,
    is_pin,
    names_code,
    names_phrase,
    tells_password,
    told_credential,
    told_secret,
)
from otel_mlflow.content.vocabulary import ASPECTS_TOLD

Range = tuple[int, int]

_FOR = (
    r"(?:for|of|to|on|in|at|für|fürs|im|am|beim|ins|vom|von|zum|zur|zu|pour|du|des|de|del|dello|della|da|para|di|per|voor|do|för"
    r"|til|için|для|от|к)(?:[ ][^\s.:;,]{1,60}){1,8}?"
    r"|(?:(?:that|which)[ ])?(?:you|we|i|they|he|she)(?:[ ][^\s.:;,]{1,60}){1,4}?"
)
_IS = re.compile(
    rf"""(?:['’]s\s{{1,9}}|(?:[ ](?:tempor|provis)\w{{1,12}})?[ ]?(?:\s(?:{_FOR}|\([^()\r\n]{{1,40}}\)))?\s{{1,9}}"""
    r"""(?:(?:is|was|are|will|be|has|been|ist|war|lautet|est|c['’]est"""
    r"""|es|era|é|è|e|este|je|jest|to|là|är|er|on|és|yra|ir|ni|estas|është|е|је|ہے|হল|არის|է"""
    r"""|eto|είναι|είν|है|היא|הוא|هي|هو|adalah|ialah|set|reset|changed|now|still|equals|as|auf|это|є|:=)"""
    r"""(?:[ ]?:\s{0,9}|\s{1,9})){1,4})"""
    r"""\s{0,9}["'`“«]?\s?([^\s"'`<>“”«»]+)"""
    r"""|\s?(?:是|为|為|は|が|이?가|는|은|คือ|है|:)\s?[:\uff1a]?\s?["'「“]?([!-~]{4,})"""
    r"""|\s?[\[【](\d{4,8})[\]】]""",
    re.IGNORECASE,
)
# With words between that only say whose it is: what is told is a password by its looks, too.
_IS_AFTER_WORDS = re.compile(
    r"((?:[ ][^\s.:;,\"'=<>(){}]{1,40}){1,8}?)[ ]"
    r"(?:is|was|ist|war|lautet|est|es|era|é|è|e|jest|je|är|er|on|adalah|ialah|είναι|هي|هو|היא|הוא|यह|это)"
    r"(?:[ ]now|[ ]nun|[ ]jetzt)?[ ]?:?[ ][\"'`“«]?([^\s\"'`<>“”«»]{6,200})",
    re.IGNORECASE,
)
_EXCHANGED = re.compile(
    rf"""(?:\s(?:{_FOR}))?\s(?:(?:was|has[ ]been|is|got|gets|were)[ ])?(?:changed[ ])?from\s["'`]?([^\s"'`<>]+)["'`]?"""
    r"""\sto\s["'`]?([^\s"'`<>]+)""",
    re.IGNORECASE,
)
# `the password (it was …)`.
_IN_BRACKETS = re.compile(r"[ ]\((?:[\w']{1,20}:?[ ]){0,3}[\"'`]?([^\s\"'`()]{6,200})[\"'`]?\)")
# `changé le mot de passe en …`, `het wachtwoord gewijzigd naar …`.
_VERB_OF_CHANGE = (
    r"(?:ge|ver)?(?:chang|cambi|mud|alter|änder|setz|modifi|zmieni|измени|смени|поменя|wijzig|verander|endre|ændre|ändra|vaihd|změni)"
    r"\w{0,12}"
)
_CHANGES = re.compile(rf"{_VERB_OF_CHANGE}(?:[ ]\w{{1,20}}){{0,4}}[ ]\Z", re.IGNORECASE)
_INTO = re.compile(
    rf"(?:\s(?:{_FOR}))?(?P<verb>[ ]{_VERB_OF_CHANGE})?"
    r"\s(?:to|into|auf|in|en|por|a|para|naar|til|till|na|на)\s[\"'`«“]?(?P<word>[^\s\"'`<>«»“”]{6,200})",
    re.IGNORECASE,
)
_AFTER_REMARK = re.compile(
    r"(?:[ ][^:\r\n\"'{}<>=|]{1,60}:[ \t]+[\"'`]?|[ ]?(?:\.{3,80}|…)[ ]{0,4}"
    r"|[ ](?:от|для|к)(?:[ ][^\s.:;,]{1,60}){1,4}?[ ])"
    r"([^\s\"'`<>{}\[\]]+)(?:[\"'`]?[ \t]*(?:\Z|[\r\n])|(?<=\.)\s)"
)
# `what is the password?`, and who answers: `assistant: it is …`; `the password, it's …`.
_ANSWERED = re.compile(
    r"(?:(?:[ ][^\s.:?]{1,40}){0,8}?(?:\?(?:\s{1,4}|(?:\\n){1,2})|[ ]?(?:\n|\\n)(?=\[\d))"
    # Who answers, and when, as chats are exported.
    r"(?:\[[\d:., /-]{3,25}\][ ])?(?:[\w*]{1,20}(?:[ ]\w{1,20})?:[*]{0,2}[ ])?"
    r"(?:(?:it|that)(?:['’]s|[ ](?:is|was))[ ])?"
    r"|[,;][ ](?:it|that)(?:['’]s|[ ](?:is|was))[ ])"
    r"[\"'`“]?([^\s\"'`<>“”\\]{4,200})",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"""(?:\A|[\s"'`“(])([^\s"'`“”<>:=(),]{4,200})["'`”]?"""
    r"""(?:[ ](?:is|as|for|into|ist|als|est|comme|es|como|é|è|come|jest|to)"""
    r"""|[ ]?[,;—–-][ ](?:that|this|which)(?:['’]s|[ ]is)|[ ]\((?:your|my|the))"""
    r"""(?:[ ][\w-]{1,20}){0,4}[ ]?["'“]?\Z""",
    re.IGNORECASE,
)
_IN_FRONT_OF_REMARK = re.compile(
    r"""["']([^"'\n]{4,200})["'][\w.()\[\],; ]{0,40}[ ](?:\#|//|--|/\*)[ ]?(?:\w{1,20}[ ]){0,4}\Z"""
)
_QUOTED_WORDS = re.compile(r"""["“`]([^"“”`\r\n]{4,120})["”`]|'([^'\r\n]{4,120})'(?!\w)""")
_LINE = re.compile(r"[^\r\n]{0,4000}")
_CODE = re.compile(r"(?:[A-Z]-)?(\d{4,8})")
_SENT_CODE = re.compile(r"\d{6}")
_LOOK_BACK = 260
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]{5,15}Z?)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d")
_VERBS = frozenset({"is", "was", "ist", "war", "est", "es", "lautet"})
_FEWEST_WORDS = 3
_LONG_WORD = 20
# The secret, what it is called, and up to four words between.
_MOST_WORDS_BEFORE = 9
_FEWEST_SEEDS = 8


def find_told(text: str, mention: Mention) -> Range | None:
    """Find the secret that a sentence tells after its name, or before it."""
    return (
        _in_front_of_remark(text, mention)
        or _after_verb(text, mention)
        or _after_verb_and_words(text, mention)
        or find_below(text, mention)
        or _after_remark(text, mention)
        or _in_brackets(text, mention)
        or _changed_into(text, mention)
        or _answered(text, mention)
        or find_new_value(text, mention)
        or _before(text, mention)
    )


def find_exchanged(text: str, mention: Mention) -> Iterator[Range]:
    """Find the secrets that a sentence tells were exchanged for each other."""
    exchanged = _EXCHANGED.match(text, mention.end)
    if exchanged is None or mention.strength < Strength.CODES:
        return
    for group in (1, 2):
        word = exchanged[group].rstrip(PUNCTUATION)
        if may_be_password(word) and not is_placeholder(word):
            yield exchanged.start(group), exchanged.start(group) + len(word)


def quoted_words(text: str, quote: int) -> Range | None:
    """Find the words in quotes that a sentence says a password is; a sentence in quotes is none."""
    quoted = _QUOTED_WORDS.match(text, quote)
    group = 1 if quoted and quoted[1] else 2
    if quoted is None or len(quoted[group].split()) < _FEWEST_WORDS or is_message(quoted[group]):
        return None
    return quoted.span(group)


def _after_verb(text: str, mention: Mention) -> Range | None:
    said = _IS.match(text, mention.end)
    if said is None:
        return None
    group = said.lastindex or 0
    if mention.strength == Strength.ALL and (found := quoted_words(text, said.start(group) - 1)):
        return found
    if names_phrase(text, mention):
        line = _LINE.match(text, said.start(group))
        is_secret = line is not None and (
            is_credential(line[0]) or is_seed_phrase(line[0].strip(PUNCTUATION), _FEWEST_SEEDS)
        )
        return (said.start(group), line.end()) if line and is_secret else None
    word = said[group].rstrip(PUNCTUATION)
    if is_pin(word.rstrip("#*")) and names_code(text, mention):
        return said.start(group), said.start(group) + len(word)
    if tells_password(text, mention) and is_word_list(word):
        return said.start(group), said.start(group) + len(word)
    is_pass = text[mention.start : mention.end].lower().split()[:1] == ["pass"]
    if (is_pass or mention.strength == Strength.ALL) and is_camel_case(word):
        is_secret = not (is_class_name(word) or _VERBS.isdisjoint(text[mention.end : said.start(group)].split()))
    elif is_pass or mention.strength < Strength.TEXTS:
        is_secret = is_hidden(min(mention.strength, Strength.CODES), word)
    else:
        is_secret = not (is_word(word) or (mention.strength < Strength.ALL and is_class_name(word)))
    is_secret = (
        is_secret
        and any(map(str.isalnum, word))
        and not (is_placeholder(word) or is_label(word) or _DATE.fullmatch(word))
    )
    return (said.start(group), said.start(group) + len(word)) if is_secret else None


def _after_verb_and_words(text: str, mention: Mention) -> Range | None:
    """Find the password in `the password the new printer has is …`; words about passwords are not passed over."""
    said = _IS_AFTER_WORDS.match(text, mention.end) if mention.strength >= Strength.TEXTS else None
    if said is None or not ASPECTS_TOLD.isdisjoint(said[1].lower().split()):
        return None
    word = said[2].rstrip(PUNCTUATION)
    is_secret = is_told_password(word) and "/" not in word and not is_placeholder(word)
    return (said.start(2), said.start(2) + len(word)) if is_secret else None


def _answered(text: str, mention: Mention) -> Range | None:
    """Find the answer to a question for a secret; one about its policy or its place has another."""
    found = _ANSWERED.match(text, mention.end)
    if found is None or "/" in found[1]:
        return None
    if not ASPECTS_TOLD.isdisjoint(text[mention.end : found.start(1)].lower().replace("?", " ").split()):
        return None
    return told_secret(text, found, mention, is_firm=True)


def _after_remark(text: str, mention: Mention) -> Range | None:
    found = _AFTER_REMARK.match(text, mention.end)
    if found is None:
        return None
    if _SENT_CODE.fullmatch(found[1]) and names_code(text, mention):
        return found.span(1)
    return told_credential(text, found, mention)


def _in_brackets(text: str, mention: Mention) -> Range | None:
    found = _IN_BRACKETS.match(text, mention.end)
    return told_secret(text, found, mention, is_firm=True) if found and "/" not in found[1] else None


def _changed_into(text: str, mention: Mention) -> Range | None:
    """Find the password that somebody changed another to: `j'ai changé le mot de passe en …`."""
    found = _INTO.match(text, mention.end) if mention.strength >= Strength.TEXTS else None
    if found is None or "/" in found["word"]:
        return None
    before = text[max(mention.start - _LOOK_BACK, 0) : mention.start]
    if not found["verb"] and _CHANGES.search(before) is None:
        return None
    word = found["word"].rstrip(PUNCTUATION)
    is_secret = tells_password(text, mention) and is_told_password(word) and not is_placeholder(word)
    return (found.start("word"), found.start("word") + len(word)) if is_secret else None


def _in_front_of_remark(text: str, mention: Mention) -> Range | None:
    """Find the secret in a line of code whose remark says what it is: `connect("…")  # password`."""
    start = max(mention.start - _LOOK_BACK, 0)
    found = _IN_FRONT_OF_REMARK.search(text[start : mention.start])
    if found is None or mention.strength < Strength.CODES or not may_be_password(found[1]):
        return None
    return start + found.start(1), start + found.end(1)


def _is_plain(word: str) -> bool:
    """Say quickly that a word is no secret."""
    return word.strip(PUNCTUATION).isalpha() and len(word) < _LONG_WORD


def _before(text: str, mention: Mention) -> Range | None:
    """Find the secret in `… is your password`."""
    start = max(mention.start - _LOOK_BACK, 0)
    before = text[start : mention.start]
    if mention.strength < Strength.CODES or all(map(_is_plain, before.split()[-_MOST_WORDS_BEFORE:])):
        return None
    found = _BEFORE.search(before)
    if found is None:
        return None
    if (code := _CODE.fullmatch(found[1])) and names_code(text, mention):
        return start + found.start(1) + code.start(1), start + found.end(1)
    is_named = tells_password(text, mention) and not found[0].rstrip().endswith(" for")
    is_password = may_be_password(found[1]) or (is_named and is_told_password(found[1]))
    return (start + found.start(1), start + found.end(1)) if is_password and "/" not in found[1] else None
