"""What a text looks like: a credential, a word, a piece of code, or a stand-in for a value."""

from __future__ import annotations

import re
from itertools import pairwise

from otel_mlflow.content import vocabulary

_LONGEST_LOOKED_AT = 4096
_SHORTEST = 6
_LONG_NUMBER = 12
_LONG_WORD = 20
_SHORTEST_OPAQUE = 16
_FEWEST_TURNS = 4
_LONG_SEGMENT = re.compile(r"[A-Za-z0-9]{10,}")
# Where one kind of sign follows another: small letters, capitals and digits.
_TURN = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z]{2})(?=[a-z])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EDGE = " \t\r\n\"'`.,;:()[]{}<>!?"
_RUN = re.compile(r"[^\s\"'`,;()\[\]{}<>|]+")
_SEGMENT = re.compile(r"[A-Za-z0-9]+")
# Words with a number that name an algorithm, a protocol, a model or a version.
_KNOWN_WORD = re.compile(
    r"(?:oauth|saml|sha|md|hs|rs|es|ps|base|utf|v|http|tls|ipv|ed|aes|rsa|p|x|ec|gpt|claude|llama|h|q|web|s|gpio|u?int|float|bytes)?"
    r"\d{1,5}[a-z]{0,2}"
    r"|ed25519|curve25519|[a-z]{1,3}\d{1,3}|(?:ecdsa|hmac|bcrypt|argon|scrypt|pbkdf|blake)\w*",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?:[^\W\d_]|[-'’/&_.])*", re.UNICODE)
# Of at least three digits, perhaps in groups; the groups of the key of a product.
_NUMBER = re.compile(r"(?:[A-Z]{1,3}-)?\d{3}[\d -]*|(?=[^\d]*\d)[A-Z\d]{4,8}(?:-[A-Z\d]{4,8}){2,7}")
_SEED_PHRASE = re.compile(r"[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){3,23}[.]?")
_SIGN_BETWEEN = re.compile(r"[A-Za-z0-9]{2,}[!@#$%^*][A-Za-z0-9!@#$%^*]{5,}")
_CAPITALS = re.compile(r"[A-Z]{2}(?=[a-z])")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]")
_REFERENCE = re.compile(
    r"[a-z]{1,30}(?:-[a-z]{1,30}){0,6}-(?:secrets?|credentials|creds|passwords?)|[a-z_]{2,30}(?:\.[a-z_]{2,30}){1,6}"
    r"|[a-z][a-z-]{0,20}(?:/(?:[a-z][a-z-]{0,20}|\d{1,4})){1,8}"
    r"|\.{0,2}/(?:[\w.-]{1,60}/){0,8}[\w-]{1,60}\.[a-z]{2,5}|(?:~|\.{0,2})(?:/[a-z_.][\w.-]{0,60}){2,9}"
    r"|(?:arn|vault|env|op|ssm|file|keyring):[\w./:*#-]{1,400}"
    r"|[a-z][a-z+]{1,20}://[\w.-]{0,200}(?::\d{1,5})?(?:/[a-z_.-]{0,40}){0,6}"
)
_PLACEHOLDER = re.compile(
    r"(?:(?i:bearer|basic|token)\s+)?(?:\$\{[A-Za-z_.:-]{1,80}\}|\$\((?!\s*(?:echo|printf)\b)[^()\n]{1,200}\)"
    r"|\$[A-Za-z_]{2,40}|\$\d{1,3}|\$?\{\{[^{}]{0,80}\}\}|\{(?:[a-z_]*|[A-Z_]*)\}"
    # Variables of a shell, put together.
    r"|(?:\$\{?[A-Za-z_]\w{0,40}\}?[:@/.-]){1,4}\$\{?[A-Za-z_]\w{0,40}\}?"
    # Where a secret is kept.
    r"|(?:arn:aws[\w-]*:|op://|ref\+\w+://|secretref:|keyring:|ssm:/|@Microsoft\.KeyVault\()[^\s]{1,400}"
    r"|vault:[\w-]+/[\w/.#-]+|env:[A-Z_]{2,60}|os\.environ/[A-Z_]{2,60}|dword:[\da-f]{8}|\$__\w{2,20}\{[^{}]{0,200}\}|projects/[\w-]+/secrets/[\w/-]+"
    # A shortcut on the keyboard.
    r"|(?i:(?:(?:alt|ctrl|control|shift|cmd|command|option|meta|mod|super|win|fn)\s?\+\s?){1,3}\w{1,10})"
    # Expressions in a template, with `Bearer` or the like before them.
    r"|(?:\$?\{[a-z_][a-zA-Z0-9_.]{0,80}(?:\([^(){}]{0,40}\)|\[[^\[\]{}]{0,40}\])?(?:![rsa])?\}[ :]?){1,4}"
    r"|<[A-Za-z _.-]{1,60}\d{0,2}>|\([a-z]+(?: [a-z]+){0,3}\)?|[A-Za-z_-]{1,12}[*•]{3,}\w{0,8}|-{1,2}"
    r"|%[A-Z][A-Z_]{1,40}%|%\(\w+\)s|%s|\?|:[a-z_][a-z_\d]{0,40}|[*•●xX.…_#-]{3,}"
    r"|[A-Za-z_-]{0,12}(?:\.{3}|…)|[A-Za-z]{1,6}[-_](?:\.{3}|…|[*•]{3,})[\w-]{0,6}|[a-z]{1,10}[-_][xX*]{3,}|\[redacted.*"
    r"|(?i:(?:your|my|insert|enter|replace|put)[-_ ](?:[a-z]{1,20}[-_ ]){0,4}"
    r"(?:key|token|secret|password|value|here|me))"
    r"|same-origin|include|omit|void|[!-]\d"
    # The name of a variable that holds the secret.
    r"|(?:[A-Z][A-Z0-9]{0,20}_){1,5}(?:KEY|TOKEN|SECRET|PASSWORD|PASS|PWD|URL|URI|DSN|CREDENTIALS|PAT)"
    r"|(?i:\[(?:redacted|filtered|masked|hidden|removed)\])|\*{3,}.*"
    r"|(?i:redacted|masked|hidden|null|none|nil|undefined|true|false|value|key|n/?a))",
    re.DOTALL,
)
_TYPE = re.compile(
    r"(?:Optional|SecretStr|str|string|String|int|integer|number|bool|boolean|bytes|text|varchar|char|object|any|Any|array"
    r"|list|dict|required|optional|missing|empty|hashed|encrypted|bcrypt|never|always|sent|provided|unknown|weak|strong|invalid|incorrect|wrong|expired|disabled|enabled|yes|no|YES|NO|ok|not|set|unset|pending|granted|denied|approved"
    r"|None|null|nil|true|false|True|False|undefined|self|this|hidden|field|password|secret|token|is|was|are|inherit|read|write|present|Present|absent|Absent|passed|failed|skipped"
    # Types with parameters: `Option<String>`.
    r"|(?:[a-z]{2,20}::)?[A-Z]\w{1,20}<[\w<>, &':]{1,60}>)(?:\b|(?<=>))(?![-@#$^&*]|!(?!\s|[,)\]}]|\Z))",
)
_CODE = re.compile(
    r"(?:(?:await|new|return|not|lambda|f['\"])\b.*"
    # A command of PowerShell.
    r"|(?:Get|Read|New|ConvertTo|ConvertFrom|Import|Invoke)-[A-Z][A-Za-z]{2,40}\b.*|[&$]?(?:[A-Za-z_]+\.){0,6}[A-Za-z_]+\s?(?:\(|\[).*"
    r"|[A-Za-z_]\w{0,60}\([\"'].*|(?:[A-Za-z_]\w{0,60}\.){1,6}[A-Za-z_]\w{0,60}\(.*"
    r"|(?:[a-z_]+\.){1,6}[A-Za-z_]+|(?:[a-z]\w{0,30}\.){1,6}[a-z]+_[a-z_]+|[*&]?[a-z]+_[a-z_]+|[A-Z]+(?:_[A-Z]+)+)",
    re.DOTALL,
)
_SIGNED = re.compile(r"(?=[^A-Za-z]{0,64}[A-Za-z])[\w.@-]{0,64}[!#$%&*^?+~][\w.@!#$%&*^?+~-]{0,64}")
_CHANGES_CASE_AFTER_SIGN = re.compile(r"[a-z][!#$%*^+~]\w{0,64}[A-Z]")
_SHORTEST_CHOSEN = 8
_LONGEST_CHOSEN = 128
_JOINED_WORDS = re.compile(r"[^\W\d_]{3,20}(?:[-._][^\W\d_]{3,20}){1,3}[-._]?\d{1,4}[!?]?")
_PUBLIC_KEY = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w{1,20}|sk-ssh-\S{1,40}) AAAA"
    r"|-----BEGIN (?:\w{1,20} )?(?:PUBLIC KEY|CERTIFICATE)"
)
_DUMMY = re.compile(
    r"(?i:empty|dummy|fake|unused|invalid|default|placeholder|example|sample|todo|tbd|ollama|lm-?studio|anything|ignored?"
    r"|not?[-_ ]?(?:needed|used|set|required|applicable|key|token|auth)(?:[-_ ](?:required|needed))?)"
)
_POSTAL_CODE = re.compile(r"[1-9]\d{2}[ ]?\d{3}")
_WORD_LIST = re.compile(r"[a-z]{4,10}(?:-[a-z]{4,10}){2,7}")
_HAS_CAPITAL = re.compile(r"[A-Z]")
_WORDS_OF_NAMES = vocabulary.ASPECTS | vocabulary.PASSWORDS | vocabulary.SINGLE | vocabulary.OPAQUE | vocabulary.CODES


def is_credential(text: str) -> bool:
    """Say whether something in a text looks like a credential: letters and digits in a mix that no word has."""
    return any(_is_random(run[0]) for run in _RUN.finditer(text, 0, _LONGEST_LOOKED_AT))


def may_be_password(text: str) -> bool:
    """Say whether what is said to be a password looks like one: random, or as people choose them.

    Those are a word with a sign in it, and with a digit or letters of both cases.
    """
    if is_credential(text):
        return True
    if not _SHORTEST_CHOSEN <= len(text) <= _LONGEST_CHOSEN or _SIGNED.fullmatch(text) is None:
        return False
    return any(map(str.isdigit, text)) or _CHANGES_CASE_AFTER_SIGN.search(text) is not None


def is_postal_code(text: str) -> bool:
    """Say whether a text may be a postal code of India, which is called PIN there."""
    return _POSTAL_CODE.fullmatch(text) is not None


def is_joined_words(text: str) -> bool:
    """Say whether a text is a password of words and a number, as people are told to choose them: `swan-Gravel-63`.

    One of words about secrets is a name: `reset-link-12`.
    """
    if not any(map(str.isdigit, text[-2:])) or _JOINED_WORDS.fullmatch(text) is None:
        return False
    if not (_HAS_CAPITAL.search(text) or text[-2:].isdigit()):
        return False
    return _WORDS_OF_NAMES.isdisjoint(re.split(r"[\W\d_]+", text.lower()))


def is_told_password(text: str) -> bool:
    """Say whether a text looks like a password where nothing else can be meant: of joined words, too."""
    return may_be_password(text) or is_joined_words(text) or is_word_list(text)


def is_word_list(text: str) -> bool:
    """Say whether a text is a password of words alone, as dice choose them: `marble-amber-river`."""
    words = text.split("-")
    if len(words) < _FEWEST_WORDS or _WORD_LIST.fullmatch(text) is None:
        return False
    return _STOP_WORDS.isdisjoint(words) and _WORDS_OF_NAMES.isdisjoint(words)


def is_opaque(text: str) -> bool:
    """Say whether all of a text was made up by a machine: at least 16 signs, letters and digits taking many turns."""
    if len(text) < _SHORTEST_OPAQUE:
        return False
    if _UUID.fullmatch(text):
        return True
    return any(map(_takes_turns, _LONG_SEGMENT.findall(text, 0, _LONGEST_LOOKED_AT)))


def may_be_opaque(text: str, start: int, end: int) -> bool:
    """Say quickly whether there may be something opaque between two places of a text."""
    return _LONG_SEGMENT.search(text, start, end) is not None


def _takes_turns(segment: str) -> bool:
    is_mixed = not segment.isalpha() or _changes_case_at_random(segment)
    return is_mixed and len(_TURN.findall(segment)) >= _FEWEST_TURNS


def is_more_than_words(text: str) -> bool:
    """Say whether a text is no plain words: a credential, a number that may be a code, `name=value`, a seed phrase."""
    looked_at = text[:_LONGEST_LOOKED_AT]
    is_code = "=" in looked_at or _NUMBER.fullmatch(looked_at) is not None
    return is_code or is_seed_phrase(looked_at) or may_be_password(looked_at) or is_joined_words(looked_at)


def is_seed_phrase(text: str, fewest: int = 4) -> bool:
    """Say whether a text is so many words that make no sentence, as wallets are restored from (BIP-39)."""
    words = text.split()
    return len(words) >= fewest and _SEED_PHRASE.fullmatch(text) is not None and _STOP_WORDS.isdisjoint(words)


def is_placeholder(text: str) -> bool:
    """Say whether a text only stands for a value: `${PASSWORD}`, `<password>`, `********`."""
    return _PLACEHOLDER.fullmatch(text.strip()[:_LONGEST_LOOKED_AT]) is not None


def is_dummy(text: str) -> bool:
    """Say whether a text stands where a program wants a key and none is needed: `EMPTY`, `not-needed`."""
    return _DUMMY.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Say whether a text is an expression that says where the value is: `os.environ["X"]`, `settings.api_key`."""
    return len(text) <= _LONGEST_LOOKED_AT and _CODE.fullmatch(text) is not None


def is_type(text: str, *, whole: bool = False) -> bool:
    """Say whether a text begins with the name of a type or of a state of things, or is one: `str`, `required`."""
    return (_TYPE.fullmatch(text) if whole else _TYPE.match(text)) is not None


def is_word(text: str) -> bool:
    """Say whether a text is a word of prose or a short number."""
    if len(text) > _LONGEST_LOOKED_AT:
        return False
    text = text.strip(_EDGE)
    if text.isdigit():
        return len(text) < len("1234")
    return _WORD.fullmatch(text) is not None and not (_INNER_CAPITAL.search(text) and len(text) > _LONG_WORD)


def _is_random(run: str) -> bool:
    run = run.strip(_EDGE)
    if len(run) < _SHORTEST:
        return False
    return any(_is_random_segment(segment) for segment in _SEGMENT.findall(run)) or _is_strong_password(run)


def _is_strong_password(run: str) -> bool:
    """Say whether a run is what password rules ask for: small and capital letters, and a sign between them."""
    return _SIGN_BETWEEN.fullmatch(run) is not None and run.lower() != run and run.upper() != run


def _is_random_segment(segment: str) -> bool:
    if len(segment) < _SHORTEST:
        return False
    if segment.isdigit():
        return len(segment) >= _LONG_NUMBER
    if segment.isalpha():
        return len(segment) >= _LONG_WORD and _changes_case_at_random(segment)
    return _KNOWN_WORD.fullmatch(segment) is None


def _changes_case_at_random(word: str) -> bool:
    """Say whether a run of letters has more humps than camel case has, or capitals in runs between small letters."""
    humps = _humps(word)
    return humps * 4 >= len(word) or (humps > 1 and len(_CAPITALS.findall(word)) > 1)


def _humps(word: str) -> int:
    return sum(1 for one, other in pairwise(word) if one.islower() and other.isupper())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP_WORDS = _words(
    """
    is must be the a an at least should not too your please for of to required field this with use when enter
    and or that it in on can may will cannot has have been are was does do contain contains characters if by its
    we our you
    """
)
_FEWEST_WORDS = 3


def is_reference(text: str) -> bool:
    """Say whether a text tells where a secret is kept: `pg-secret`, `prod/db`, `/etc/gcp/key.json`, `arn:…`, a URL."""
    return _REFERENCE.fullmatch(text) is not None


def is_public_key(text: str) -> bool:
    """Say whether a text is the public part of a key, which may be shown: `ssh-ed25519 AAAA…`, a certificate."""
    return _PUBLIC_KEY.match(text) is not None


def is_camel_case(text: str) -> bool:
    """Say whether a capital stands inside of a text of letters, as it does in `TulipGarden`."""
    return text.isalpha() and _INNER_CAPITAL.search(text) is not None


def is_message(text: str) -> bool:
    """Say whether a text is a sentence about something: words, some of which only sentences have."""
    words = text.split(maxsplit=40)
    if len(words) < _FEWEST_WORDS or not all(is_word(word) for word in words[:40]):
        return False
    return not _STOP_WORDS.isdisjoint(word.strip(_EDGE).lower() for word in words)
