"""Secrets that people hand over in a sentence which has no name of a secret in it.

1. After the name of both a user and a password: `login: admin / …`, `credentials are admin:…`, `user/pw: max, …`.
2. What somebody logs in with: `log in as admin with …`, `use admin:… to sign in`.
3. By initials: `u: admin p: …`, `p: … u: admin`.
4. In a protocol: `AUTH …`, `LOGIN admin …`, after `334 UGFzc3dvcmQ6`, which asks for a password in Base64.
5. As the arguments of a call: `smtp.login("admin", "…")`, `connect("db", "admin", "…")`, `jwt.encode(claims, "…")`;
   after a host, its port and a user; as what a script sends when it is asked: `expect "Password:"`, `send "…"`.
6. A key, the code of a lock, a code to log in with: `the key is …`, `the code to the safe is …`, `use … to verify`,
   `the code is …`, `your code is …, it expires in 5 minutes`, `… is your Example code`, `enter this code to sign in:`
   and what is below.
7. Where a password is the subject: `the new one is …`, `I set it to …`.
8. What Vault lets a role in with: `role_id=… secret_id=…`.

It is hidden if it looks like a credential: `login: required / optional` says something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import NamedTuple

from otel_mlflow.content.credentials import is_opaque, is_placeholder, is_told_password, is_word, is_word_list
from otel_mlflow.content.windows import find_all
from otel_mlflow.pacing import rest_if_due

Range = tuple[int, int]


class _Form(NamedTuple):
    """A form of words: those that it begins with, what may stand before them, and the rest, with the secret."""

    heads: frozenset[bytes]
    pattern: re.Pattern[str]
    before: re.Pattern[str] = re.compile(r"")


def _form(heads: str, rest: str, before: str = "") -> _Form:
    # No scan of a run of letters is longer than the longest name.
    bounded = rest.replace(r"\w+", _HEAD, 1)
    heads_of_form = frozenset(heads.encode().split())
    return _Form(heads_of_form, re.compile(bounded, re.IGNORECASE), re.compile(before, re.IGNORECASE))


_HEAD = r"\w{1,60}"


_IS = (
    r"[ ]?(?:[:=\uff1a→]|[-=]>|[—–-](?=[ ])|(?:is|are|ist|sind|lautet|lauten|est|sont|es|son|são|sono|zijn|to)(?=[ ]))"
)
_USER = r"""["'`]?[\w.@+\\-]{1,64}["'`]?"""
_VALUE = r"""["'`]?([^\s"'`<>]{4,200})"""
_PAIR = rf"{_USER}(?:\s{{0,4}}[/:,|]\s{{0,4}}|[ ](?:and|und|et|y|e|i|и)[ ]){_VALUE}"
_REMARK = r"(?:[ ][^\s:=/]{1,40}){0,5}?"
_PASSWORDS = (
    _form(
        "login logins signin log sign credential credentials creds account accounts zugang zugangsdaten anmeldedaten "
        "identifiant identifiants credenciales credenziali credenciais inloggegevens logowanie логин учетка アカウント "
        "账号 帐号 계정",
        rf"\w+(?:[ -]ins?)?{_REMARK}{_IS}\s{{0,4}}{_PAIR}",
    ),
    _form(
        "pass password passwd passwort pwd pw p contraseña",
        rf"\w+(?:{_REMARK}{_IS}|:?[ ]?\r?\n)\s{{0,4}}{_PAIR}",
        before=r"\b(?:user(?:name)?|login|id|benutzer|usuario|u|l)\s?/\s?\Z",
    ),
    _form(
        "log logged logging login logon sign signed signing signin",
        rf"\w+[ -]?(?:in|on)\b[^.\n:]{{0,60}}?[ ](?:with|using)[ ]"
        rf"(?:{_USER}(?:\s?[:/]\s?|[ ](?:and|und|et|y|e)[ ]))?{_VALUE}",
    ),
    _form(
        "login logins creds credentials account", rf"\w+[ ](?:(?:as|with|als|mit|en|con|com)[ ])?{_USER}[ ]/[ ]{_VALUE}"
    ),
    _form(
        "admin root administrator guest pi sa demo operator", rf"\w+[ ]/[ ]{_VALUE}", before=r"(?:\A|[\s:(>*`\"'])\Z"
    ),
    _form("p pw pass", rf"\w+:[ ]?{_VALUE}", before=rf"\bu(?:ser)?:[ ]?{_USER}[,;]?\s{{1,4}}\Z"),
    _form("p pw pass", rf"\w+:[ ]?{_VALUE}[,;]?\s{{1,4}}u(?:ser)?:[ ]"),
    _form("auth authentication authenticate", rf"\w+[ ](?:with|using|as)[ ]{_USER}:{_VALUE}"),
    _form("auth identify", rf"\w+[ ](?:(?:plain|login|default)[ ])?(?:[\w.@-]{{1,64}}:)?{_VALUE}"),
    _form("auth", rf"(?-i:AUTH)[ ]{_USER}[ ]{_VALUE}[ ]*(?:\r?\n|\Z)"),
    _form("login", rf"(?-i:LOGIN)[ ]{_USER}[ ]{_VALUE}"),
    _form("w", rf"\w+:?[ ]{_VALUE}", before=r"\bp/\Z"),
    _form("key", rf"\w+:?[ ]{_VALUE}", before=r"\b(?:ssid:?[ ]\S{1,40}[ ]|wi-?fi\b[^\n]{0,60})\Z"),
    _form("wifi wlan", rf"\w+{_IS}\s?{_VALUE}", before=r"\b(?:code|key|clé|clave|chave|chiave)[ ](?:[a-z]{1,4}[ ])?\Z"),
)
# Of words that every other text has: tried where another word tells that it may be worth it.
_COMMON = (
    _form(
        "use using with try mit avec",
        rf"\w+[ ]{_USER}(?:[:/]|[ ](?:with|and|mit|und|avec|et)[ ]){_VALUE}[^\n]{{0,40}}(?:log|sign|anmeld|connect)",
    ),
    _form(
        "con com",
        rf"\w+[ ]{_USER}[ ](?:y|e|con|com)[ ](?:(?:la|a|o|el)[ ])?(?:[\w-]{{1,16}}[ ])?{_VALUE}",
        before=r"\b(?:sesi[oó]n|sess[aã]o|entr\w{1,4}|acced\w{1,4}|inici\w{1,4}|ingres\w{1,4})[ ]\Z",
    ),
    _form("one", rf"\w+[ ]is[ ]{_VALUE}", before=r"\b(?:the|my)[ ](?:new|old|right|correct)[ ]\Z"),
    _form("it", rf"\w+[ ]to[ ]{_VALUE}", before=r"\b(?:set|change[ds]?|reset)[ ]\Z"),
)
_CODE = _form(
    "use enter type",
    r"\w+[ ](?:\w{1,20}[ ]){0,2}(\d{4,8})[ ]to[ ](?:verify|confirm|sign|log|complete|authenticate|approve)",
)
_SENT = _form(
    "expect",
    r"""\w+\b(?s:.){0,80}?(?:assw|assphrase|asscode|PIN\b)[^\n]{0,40}?["'}\]);]{1,3}[\s;{}]{0,80}(?:\w{1,20}\.)?send(?:line)?"""
    r"""[\s(]{1,4}(?:--[ ])?["']([^"'\n$][^"'\n]{2,200}?)(?:\\{1,2}[rn]){0,2}["']""",
)
_CALLS = (
    _form(
        "login log sign authenticate auth signin createuser adduser "
        "basicauth httpbasicauth credentials networkcredential sqlcredential "
        "passwordcredential usernamepasswordcredentials usernamepasswordauthenticationtoken passwordauthentication "
        "setbasicauth withbasicauth basicauthentication basic oauthhandler "
        "awscredentials basicawscredentials storagesharedkeycredential",
        r"""(?!(?:log|sign)(?!_?in))\w+\(\s{0,9}["'][^"'\n]{1,80}["']\s{0,9},\s{0,9}(?:Some\()?["']([^"'\n]{3,200})["']""",
    ),
    _form("auth", r"""\w+,[ ]?["'][^"'\n]{1,80}["'],[ ]?["']([^"'\n]{3,200})["']""", before=r":basic_\Z"),
    # The name of a wireless network, and its password.
    _form(
        "begin connect",
        r"""\w+\(\s{0,9}["'][^"'\n]{1,80}["']\s{0,9},\s{0,9}["']([^"'\n]{3,200})["']""",
        before=r"\b(?:wi-?fi|wlan|station|sta_if|nic)\w{0,20}\.\Z",
    ),
    _form(
        "connect getconnection database open pdo mysqli plainauth sequelize bind ftp tls sftp ssh telnet",
        r"""\w+(?:(?:->|::)(?:__construct|new))?\(\s{0,9}(?:["'][^"'\n]{0,200}["']|[\w$.]{1,40})\s{0,9},\s{0,9}(?:\d{1,5}\s{0,9},\s{0,9})?["'][^"'\n]{1,80}["']\s{0,9},\s{0,9}["']([^"'\n]{3,200})["']""",
    ),
    _form(
        "encode decode sign verify",
        r"""\w+\((?:\{[^{}\n]{0,200}\}|[^(){}"'\n]{1,200}),\s{0,9}b?["']([^"'\n]{3,200})["']""",
        before=r"(?:jwt|jsonwebtoken)\.\Z",
    ),
    _form(
        "auth credentials creds login",
        r"""\w+["']?\s?[=:]\s?[(\[]\s{0,9}["'][^"'\n]{1,80}["']\s{0,9},\s{0,9}["']([^"'\n]{3,200})["']\s{0,9},?\s{0,9}[)\]]""",
    ),
    _form(
        "connect",
        r"""\w+\(\s{0,9}[\w$.]{1,60}\s{0,9},\s{0,9}(?:["'][^"'\n]{1,80}["']\s{0,9},\s{0,9}){2}["']([^"'\n]{3,200})["']""",
    ),
    _form(
        "credentials", r"""\w+\((?:\s{0,9}["'][^"'\n]{1,80}["']\s{0,9},){3}\s{0,9}["']([^"'\n]{3,200})["']\s{0,9}\)"""
    ),
    _form("open", r"""\w+[ ]"[^"\n]{1,200}",[ ]?"[^"\n]{1,80}",[ ]?"([^"\n]{3,200})\""""),
    _form(
        "auth", r"""\w+\([ ]?["']([^"'\n]{4,200})["'][ ]?\)""", before=r"\b(?:red|redis|rdb|client|conn)(?:[.:]|->)\Z"
    ),
    _form("login", r"""(?-i:LOGIN)[ ]"[^"\n]{1,80}"[ ]"([^"\n]{3,200})\""""),
    _form("client", r"""\w+\(\s{0,9}["'](?:AC|SK)[0-9a-f]{32}["']\s{0,9},\s{0,9}["']([0-9a-f]{32})["']"""),
    _form("btoa", r"""\w+\(\s{0,9}["'`][^"'`:\n]{1,64}:([^"'`\n]{3,200})["'`]"""),
    _form("encode", r"""\w+\(\s{0,9}b?["'][^"':\n]{1,64}:([^"'\n]{3,200})["']""", before=r"b64\Z"),
    _form(
        "sign verify", r"""\w+\([^(){}"'\n]{1,100},\s{0,9}["']([^"'\n]{3,200})["']\s{0,9},\s{0,9}\{[ ]?["']?algorithm"""
    ),
    _form(
        "hmac createhmac aes blowfish",
        r"""\w+(?:\.new\(|\.(?:en|de)crypt\([^()"'\n]{1,80},\s{0,9}|\(\s{0,9}["'][\w-]{1,20}["']\s{0,9},)\s{0,9}b?["']([^"'\n]{8,200})["']""",
    ),
    _form(
        "session client resource",
        r"""\w+\(\s{0,9}["'](?:AKIA|ASIA)[A-Z\d]{16}["']\s{0,9},\s{0,9}["']([^"'\n]{16,200})["']""",
    ),
    _form(
        "hash hashsync compare comparesync verify",
        r"""\w+\(\s{0,9}["']([^"'\n]{3,200})["']""",
        before=r"\b(?:bcrypt|argon2|scrypt)(?:js)?\.\Z",
    ),
    _form("login", r"""\w+\(\s{0,9}key\s?=\s?["']([^"'\n]{16,200})["']"""),
    _form("hashpw checkpw", r"""\w+\(\s{0,9}b?["']([^"'\n]{3,200})["']"""),
    _form(
        "user superuser",
        r"""\w+\((?:\s{0,9}["'][^"'\n]{0,80}["'],){2}\s{0,9}["']([^"'\n]{3,200})["']""",
        before=r"create_\Z",
    ),
    _form("cookie setcookie", r"""\w+\(\s{0,9}["'][^"'\n]{1,80}["']\s{0,9},\s{0,9}["']([^"'\n]{3,4000})["']"""),
    _form("wallet key privatekeytoaccount", r"""\w+\(\s{0,9}b?["']((?:0x)?[0-9a-f]{64})["']"""),
    _form("fernet", r"""\w+\(\s{0,9}b?["']([^"'\n]{16,200})["']"""),
    _form("securestring", r"""\w+[ ](?:-(?:string|asplaintext|force)[ ]){0,3}["']([^"'\n]{3,200})["']"""),
)
# The host, the port, the user and the password of a server, in a row.
_SERVER = re.compile(
    r"""["'][\w.-]{1,200}\\?["'],\s{0,4}\d{2,5},\s{0,4}\\?["'][\w.@\\+-]{1,80}\\?["'],\s{0,4}\\?["']([^"'\n\\]{4,200})\\?["']"""
)
_SERVERS = frozenset(b"smtp imap pop ftp sftp ssh proxy ldap mail mailer".split())
# As Windows shows a wireless network.
_KEY_CONTENT = _form("key", r"\w+ content\s{1,20}:\s(\S{8,63})")
_WITHOUT_BRACKETS = frozenset(b"open securestring login auth credentials creds".split())
_KEY = _form(
    "key",
    r"""\w+(?:\sinstead|\sfor(?:\s[^\s:]{1,30}){1,4}?)?(?:\s(?:is|was)|:|\s?(?:->|→|=)|(?=\s\S{16,200}(?:\s(?:to|for|in|with|as)\b|[.!]?\s*\Z)))\s{1,4}["'`]?([^\s"'`<>]{16,200})""",
    before=r"\b(?:the|my|your|our|this|new)\s(?:\w{1,20}\s)?\Z|[\w'’][.?!]\s\Z"
    r"|\b(?:auth|unauthorized)\w{0,30}[^\n]{0,40}\b(?:bad|invalid|wrong|unknown|expired|revoked)\s\Z",
)
_LOCK = _form(
    "code",
    r"\w+\s(?:to|for|of)\s(?:\w{1,20}\s){0,3}(?:safe|door|gate|alarm|lock|house|garage|vault|building)\sis\s(\d{3,8})\b",
)
_SENT_CODE = _form(
    "code",
    r"\w+\s(?:is|ist|lautet|est|es):?\s(\d{4,8})\b"
    r"(?=[^\n]{0,80}?\b(?:share|expires?|anyone|minutes?|minuten|gültig|expire|minutos|caduca|weiter|teilen|niemand|partag|compart|nadie)\w*\b)",
    before=r"\b(?:your|ihr|dein|der|votre|le|tu|su|el)\s(?:\w{1,20}\s)?\Z",
)
_CODE_BELOW = _form(
    "code",
    r"\w+[ ](?:[\w-]{1,20}[ ]){0,6}(?:sign|log|verify|confirm|continue|authenticate)"
    r"[^\n:]{0,30}:\s{1,6}(\d{4,8})(?![\w.-])",
    before=r"\b(?:this|the|following|your)\s(?:\w{1,20}\s)?\Z",
)
_SHARED_CODE = _form("code", r"\w+:\s(\d{4,8})(?![\w.-]*\w)", before=r"\bshare\s(?:this|the|your)\s(?:\w{1,20}\s)?\Z")
_EXPIRING_CODE = _form(
    "code",
    r"\w+\s(\d{6})[.,;:]?\s(?:expires|(?:don['’]t|do\snot|never)\sshare)",
    before=r"(?:\A|(?<!promo)(?<!coupon)(?<!discount)(?<!error)(?<!status)(?<!exit)[^\w-])\Z",
)
# Of Vault.
_SECRET_ID = _form("secret", r"""\w+_id["']?\s?[=:]\s?["']?([\w-]{16,64})""", before=r"\brole_id[^\n]{0,80}\Z")
# What is made with a token, or a key to sign with, alone.
_CONNECTED = _form(
    "auth authenticate login cookieparser urlsafetimedserializer urlsafeserializer timestampsigner",
    r"""\w+\([ ]?["']([^"'\s]{16,200})["'][ ]?\)""",
)
_OWNERS = r"(?:your|ihr|dein|din|dit|uw|jouw|votre|ton|tu|su|seu|(?:il|la)[ ]tu[oa]|ваш|twój)"
# Who sends a code, with a capital: `Your Example code`; other codes are no secrets.
_SENDER = (
    r"(?!(?:zip|post|postal|area|country|error|status|exit|promo|coupon|discount|order|product|item|booking|customer"
    r"|employee|student|tax|course|branch|bank|sort|dress|source)\s)(?-i:[A-Z][\w.-]{1,20})"
)
_OWN_CODE = _form(
    "code código codigo codice код kod",
    r"\w+(?:\s(?:is|ist|lautet|est|es|é|è|är|er):?|:)\s(\d{6})[.!]?\s*(?=\Z|[\n\"'\\])",
    before=rf"\b{_OWNERS}\s(?:{_SENDER}\s)?\Z",
)
_SAID_CODE = _form(
    "code", r"""\w+\s(?:is|was):?\s(\d{6})(?=[.!]?\s{0,4}(?:\Z|[\n"'\\]))""", before=r"(?:\A|(?<!\w))the\s(?:new\s)?\Z"
)
_BEFORE_CODE = re.compile(
    rf"(?<![\w.-])(\d{{4,8}}|\d{{3}}[ -]\d{{3}})[ ](?:is|ist|est|es|è|é)[ ]{_OWNERS}[ ](?:{_SENDER}[ -])?\Z",
    re.IGNORECASE,
)
_ASKED = _form("ugfzc", r"UGFzc3dvcmQ6(?:\s{1,4}|\\[rn]){1,2}(?:(?:C|client|>{1,3}|-->)[:>]?[ ])?([\w/+=]{4,200})")
_SET_USER = _form("setuser", r"\w+[ ][^\n]{0,80}?[ ]>(\S{4,200})", before=r"\bacl[ ]\Z")
_TELLING = frozenset().union(
    *(
        form.heads
        for form in (*_PASSWORDS, *_CALLS, _CONNECTED, _KEY, _SECRET_ID, _LOCK, _SENT, _OWN_CODE, _ASKED, _SET_USER)
    ),
    b"verify confirm approve passwords anmelden einloggen sesi inicia entra accede ingresa".split(),
)
_PUNCTUATION = ".,;:!?)]}"
_LOOK_BACK = 90


def may_hand_over(words: Set[bytes]) -> bool:
    """Say whether a text of these words may hold such a secret."""
    return not _TELLING.isdisjoint(words)


def find_handed_over(text: str, lower: str, words: Set[bytes]) -> Iterator[Range]:
    """Find such secrets; `lower` is the text in lower case, `words` are those of it."""
    if not _SERVERS.isdisjoint(words):
        yield from (found.span(1) for found in find_all(_SERVER, text) if is_told_password(found[1]))
    if _TELLING.isdisjoint(words):
        return
    for form in (*_PASSWORDS, *_COMMON):
        for found in _matches(text, lower, words, form):
            secret = found[1].rstrip(_PUNCTUATION)
            if _is_password(secret):
                yield found.start(1), found.start(1) + len(secret)
    for form in _CALLS if "(" in text or not _WITHOUT_BRACKETS.isdisjoint(words) else ():
        for found in _matches(text, lower, words, form):
            if (not is_word(found[1]) or is_word_list(found[1])) and not is_placeholder(found[1]):
                yield found.span(1)
    for form in (_KEY, _CONNECTED, _SECRET_ID):
        for found in _matches(text, lower, words, form):
            if is_opaque(found[1].rstrip(_PUNCTUATION)):
                yield found.span(1)
    for form in (
        _LOCK,
        _CODE,
        _CODE_BELOW,
        _SHARED_CODE,
        _EXPIRING_CODE,
        _SENT_CODE,
        _SENT,
        _OWN_CODE,
        _SAID_CODE,
        _ASKED,
        _SET_USER,
        _KEY_CONTENT,
    ):
        yield from (found.span(1) for found in _matches(text, lower, words, form))

    yield from _codes_before(text, lower, words)


def _codes_before(text: str, lower: str, words: Set[bytes]) -> Iterator[Range]:
    """Find the code in `… is your Example code`."""
    place = lower.find("code") if b"code" in words else -1
    while place >= 0:
        start = max(place - _LOOK_BACK, 0)
        if found := _BEFORE_CODE.search(text[start:place]):
            yield start + found.start(1), start + found.end(1)
        place = lower.find("code", place + 1)


def _matches(text: str, lower: str, words: Set[bytes], form: _Form) -> Iterator[re.Match[str]]:
    for head in form.heads & words:
        word = head.decode()
        place = lower.find(word)
        while place >= 0:
            rest_if_due()
            found = None if lower[place - 1 : place].isalnum() and place else form.pattern.match(text, place)
            if found and form.before.search(text[max(place - _LOOK_BACK, 0) : place]):
                yield found
            place = lower.find(word, place + len(word))


def _is_password(text: str) -> bool:
    if "/" in text or "=" in text or is_placeholder(text):
        return False
    return is_told_password(text)
