"""Secrets in command lines.

1. The options of well-known commands whose names do not say that they hold one. To add a command: a line in the table.
2. What is piped into a command that asks for a password, or is given to one in place of a file: `<(echo …)`.
3. The lines of a `.pgpass`, of curl's file of cookies and of the files of users that Redis and Dovecot have;
   what Oracle's commands connect with.
4. A user and a password: `-U user%…`, `-u user -p …`.

`--password …` and `PGPASSWORD=…` are assignments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import NamedTuple

from otel_mlflow.content.credentials import is_credential, is_placeholder, is_told_password
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

_BARE = r"""((?:[^\s"'|;&]|&(?=\w))+)"""
_WORD = rf"""(?:"([^"\n]+)"|'([^'\n]+)'|{_BARE})"""
_AFTER_COLON = rf"""(?:"[^":\n]*:([^"\n]+)"|'[^':\n]*:([^'\n]+)'|[^\s"':]*:{_BARE})"""

_LONG = r"""()()(?=\S{0,80}\d)([\w.~+/=-]{20,4000})(?![\w:@])"""


class _Option(NamedTuple):
    command: str
    pattern: re.Pattern[str]


def _option(command: str, flags: str, value: str = _WORD, *, joined: bool = False, glued: bool = False) -> _Option:
    """Write an option; its value follows a space, where it is `joined` perhaps, where it is `glued` never."""
    space = "" if glued else r"""(?:[ \t=]\s*|["'],\s*(?=["']))""" + ("?" if joined else "")
    return _Option(command, re.compile(rf"(?:(?<=\s)|(?<=[\"'])|(?<=^))(?:{flags}){space}{value}"))


_OPTIONS = (
    _option("curl", r"-[a-zA-Z]*u|--user|-U|--proxy-user", _AFTER_COLON, joined=True),
    _option("curl", r"-b|--cookie|--oauth2-bearer"),
    _option("ssh-keygen", r"-[NP]"),
    _option("http", r"-a|--auth", _AFTER_COLON),
    _option("http", r"-a|--auth", _LONG),
    _option("htpasswd", r"-[a-zA-Z]*b[a-zA-Z]*(?<!n)(?<!nb)(?<!nbB)\s+\S+\s+\S+"),
    _option("wandb", r"login(?:\s+--\w+)*"),
    _option("wget", r"--(?:http-|ftp-|proxy-)?password"),
    _option("sshpass", "-p", joined=True),
    _option("mysql", "-p", rf"()()(?=\S{{0,40}}\d){_BARE}"),
    _option("mysql", "-p", r"(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s\"'|;&=-](?:[^\s\"'|;&]|&(?=\w))*))", glued=True),
    _option("mariadb", "-p", rf"()()(?=\S{{0,40}}\d){_BARE}"),
    _option("mariadb", "-p", glued=True),
    _option("mongo", r"-p"),
    _option("docker", r"-p"),
    _option("podman", r"-p"),
    _option("helm", r"-p"),
    _option("az ", r"-p"),
    _option("oc ", r"-p|--token"),
    _option("redis-cli", r"-a|--pass"),
    _option("sqlcmd", r"-P", joined=True),
    _option("bcp ", r"-P", joined=True),
    _option("isql", r"-P", joined=True),
    _option("ldap", r"-w"),
    _option("unzip", r"-P", joined=True),
    _option("zip ", r"-P", joined=True),
    _option("7z ", r"-p", joined=True),
    _option("rar ", r"-h?p", joined=True),
    _option("unrar", r"-h?p", joined=True),
    _option("openssl", r"-(?:pass|passin|passout)\s+pass:", joined=True),
    _option("openssl", r"-k|passwd(?:\s+-(?:salt\s+\S+|\w+)){0,4}"),
    _option("mkpasswd", r"(?<=mkpasswd)(?:\s+-(?:[mSR]\s+\S+|-?[\w=-]+)){0,4}"),
    _option("signtool", r"/p"),
    _option("schtasks", r"/rp"),
    _option("psexec", r"-p"),
    _option("xh ", r"-a|--auth", _AFTER_COLON),
    _option("xh ", r"-a|--auth", _LONG),
    _option("cargo", r"login"),
    _option("poetry", r"pypi-token\.\S+"),
    _option("gem push", r"--key|-k"),
    _option("vault kv", r"[\w-]+=", rf"()()(?=\S{{0,80}}\d){_BARE}", glued=True),
    _option("iwconfig", r"key"),
    _option("keytool", r"-(?:storepass|keypass)"),
    _option("ipmitool", r"-P"),
    _option("snmp", r"-[AXc]|community"),
    _option("xfreerdp", r"/p:", joined=True),
    _option("wlfreerdp", r"/p:", joined=True),
    _option("freerdp", r"/p:", joined=True),
    _option("rdesktop", r"-p"),
    _option("cmdkey", r"/pass:", joined=True),
    _option("lftp", r"-u\s*[^\s,]+,", joined=True),
    _option("htpasswd", r"-[a-z]*b[a-z]*\s+\S+\s+\S+", joined=False),
    _option("nmcli", r"password"),
    _option("svn ", r"--password"),
    _option("gpg", r"--passphrase"),
    _option("vault", r"login|-token", joined=False),
    _option("cqlsh", r"-p"),
    _option("influx", r"-p|-t"),
    _option("rabbitmqctl", r"(?:add_user|change_password)\s+\S+"),
    _option("useradd", r"-p"),
    _option("net use", r"/user:\S+"),
    _option("net use", r"\\{2,4}[\w.$\\-]+", r"""()()([^\s"'|;&/][^\s"'|;&]*)"""),
    _option("net user", r"[\w.@-]+"),
    _option("wpa_passphrase", r"\S+"),
    _option("ncftp", r"-p"),
    _option("kubectl", r"--from-literal[= ][\w.-]+=", joined=True),
    _option("add-generic-password", r"-w"),
    _option("add-internet-password", r"-w"),
    _option("wandb", r"login"),
    _option("poetry", r"http-basic\.\S+\s+\S+"),
    _option("mc alias", r"set\s+\S+\s+https?:\S+\s+\S+"),
    _option("cloudflared", r"service\s+install|--token"),
    _option("rclone", r"obscure", rf"()()(?=\S{{0,40}}\d){_BARE}"),
    _option("hydra", r"-p"),
    _option("etcdctl", r"--user", _AFTER_COLON, joined=True),
    _option("rootpw", r"--plaintext|--iscrypted"),
    _option("user-secrets", r"set\s+\S+"),
    _option("bw login", r"\S+@\S+"),
    _option("keyvault secret", r"--value"),
    _option("put-parameter", r"--value"),
    _option("doctl", r"-t|--access-token"),
    _option("secrets put", r"--(?:string|bytes)-value"),
    _option("put-secret", r"--(?:string|bytes)-value"),
    _option("twine", r"-p"),
    _option("mosquitto", r"-P"),
    _option("gh secret", r"--body|-b"),
    _option("snowsql", r"-p"),
    _option("beeline", r"-p"),
    _option("sqlplus", r"(?:-[SLsl]\s+)?[\w$]+/", joined=True),
    _option("chpasswd", r"^", joined=True),
)
_WORDS = frozenset(max(re.findall(r"[a-z]+", option.command), key=len).encode() for option in _OPTIONS) | frozenset(
    b"ldapsearch ldapmodify ldapadd ldapwhoami mysqldump mysqladmin ncftpget ncftpput mongosh mongodump snmpwalk "
    b"snmpget".split()
)
_ORACLE_WORDS = frozenset({b"oracle", b"connect", b"sqlplus", b"expdp", b"impdp", b"exp", b"imp", b"rman"})
_NOT_A_SECRET = re.compile(
    r"[-$<{%*].*|//.*|/[A-Za-z]{2,20}(?::\S{0,40})?|\d{1,3}|\d+:\d+|stdin|-|prompt|(?i:password|passwd)", re.DOTALL
)
_STORED = re.compile(
    r"""\becho\s+(?:-n\s+)?["']?([^\s"'|>]+)["']?\s*>{1,2}\s*[^\s;|]{0,100}(?:token|secret|passw|passphrase|credential|key)"""
)
_PIPED = re.compile(
    r"""\b(?:echo|printf)\s+(?:-n\s+|["']%s(?:\\n)?["']\s+)?["']?([^\s"'|]+)["']?\s*\|\s*[^\n]{0,200}(?:--password-stdin|chpasswd|cryptsetup|smbpasswd|kinit|passphrase-fd|passwd|--stdin|--data-file=-|sudo\s+-S)"""
)
_SUBSTITUTED = re.compile(r"""<\(\s{0,4}(?:echo|printf)\s{1,4}(?:-n\s{1,4})?["']?([^\s"'|)]{6,400})["']?\s{0,4}\)""")
_FED = re.compile(
    r"""(?<![\w-])(?:kinit|passwd|chpasswd|sudo\s-S|--password-stdin|--with-token|--stdin|--data-file=-"""
    r"""|cryptsetup|secret put)[^\n<]{0,100}<<<\s{0,4}\$?["']?([^\s"'$]+)"""
)
_PGPASS = re.compile(r"^[\w.*-]+:(?:\d{2,5}|\*):[\w*.-]+:[\w*.@-]+:((?:[^\s:\\]|\\.)+)$", re.MULTILINE)
_PGPASS_LINE = re.compile(r":(?:\d{2,5}|\*):[\w*.-]+:[\w*.@-]+:\S")
_COOKIE = re.compile(r"^\S+\t(?:TRUE|FALSE)\t\S+\t(?:TRUE|FALSE)\t\d+\t\S+\t(\S+)", re.MULTILINE)
_EASY_CONNECT = re.compile(r"(?<![\w/.])[\w$]{1,30}/([^\s@/\"']{3,100})@//[\w.-]")
# The letters that it may begin with make a scan twice as fast.
_THIN = re.compile(
    r"\b(?=[oceist])(?:oracle:(?:thin|oci\d?):|(?:connect|sqlplus|expdp|impdp|exp|imp|target)\s+)[\w$]+/([^\s@/]+)@",
    re.IGNORECASE,
)
# Of Samba's tools, and of many others.
_SAMBA_USER = re.compile(r"""-U[ =]?["']?[\w.@\\/-]{1,64}%([^\s"'|;]{3,200})""")
_USER_AND_PASSWORD = re.compile(
    r"""(?<=\s)-[uU][ ]?\S{1,64}[ ](?:[^\n|;&]{0,80}?[ ])?-[pP][ ]?\\?["']?([^\s"'\\]{6,200})"""
)
# A user in Dovecot's file; in Redis's.
_SCHEMED = re.compile(
    r":\{(?:PLAIN|CLEARTEXT|CRYPT|BLF-CRYPT|S?SHA\d{0,3}(?:-CRYPT)?|S?MD5(?:-CRYPT)?|CRAM-MD5|ARGON2ID?|PBKDF2|NTLM)"
    r"(?:\.[A-Z\d]{1,8})?\}([^\s:\"'\\{}]{4,200})"
)
_REDIS_USER = re.compile(r"user[ ][\w.@-]{1,60}[ ](?:on|off)[ ][^\n]{0,80}?>([^\s\"\\]{4,200})(?=[\s\"\\]|\Z)")
_SHORTEST_PASSWORD = 4
_LINE = re.compile(r"(?:[^\n\\]|\\\r?\n|\\.){0,4000}")


def names_command(words: Set[bytes]) -> bool:
    """Say whether one of the words of a text may be such a command."""
    return not _WORDS.isdisjoint(words)


def may_hold_password_file(text: str) -> bool:
    """Say whether a text may hold lines of a `.pgpass` or of a file of cookies."""
    return _PGPASS_LINE.search(text) is not None or "TRUE\\t" in text


def find_in_commands(text: str, lower: str, words: Set[bytes]) -> Iterator[Range]:
    """Find the values of such options; `words` are those of the text."""
    if names_command(words):
        for option in _OPTIONS:
            if option.command in lower:
                yield from _of_option(text, lower, option)
    if b"echo" in words or b"printf" in words:
        yield from (found.span(1) for found in find_all(_PIPED, text) if not is_placeholder(_last(found[1])))
        yield from (found.span(1) for found in find_all(_STORED, text) if is_credential(found[1]))
        yield from (found.span(1) for found in find_all(_SUBSTITUTED, text) if _is_given_password(found[1]))
    if ":{" in text:
        yield from (found.span(1) for found in find_all(_SCHEMED, text))
    if " >" in text and b"user" in words:
        yield from (found.span(1) for found in find_all(_REDIS_USER, text))
    if "-U" in text and "%" in text:
        yield from (found.span(1) for found in find_all(_SAMBA_USER, text))
    if " -p" in lower and " -u" in lower:
        yield from (found.span(1) for found in find_all(_USER_AND_PASSWORD, text) if is_told_password(found[1]))
    if "<<<" in text:
        yield from (found.span(1) for found in find_all(_FED, text))
    if text.count(":") >= len(["host", "port", "database", "user", "password"]) - 1:
        yield from (found.span(1) for found in find_all(_PGPASS, text) if len(found[1]) >= _SHORTEST_PASSWORD)
    if "TRUE\t" in text:
        yield from (found.span(1) for found in find_all(_COOKIE, text) if is_credential(found[1]))
    if "@//" in text:
        yield from (found.span(1) for found in find_all(_EASY_CONNECT, text))
    if not _ORACLE_WORDS.isdisjoint(words):
        yield from (found.span(1) for found in find_all(_THIN, text))


def _last(given: str) -> str:
    """Choose the password of `user:password`."""
    return given.rpartition(":")[2]


def _is_given_password(given: str) -> bool:
    """Say whether one of the lines that are given to a command is a password."""
    return is_credential(given) or any(map(is_told_password, re.split(r"\\{1,2}n", given)))


def _of_option(text: str, lower: str, option: _Option) -> Iterator[Range]:
    place = lower.find(option.command)
    while place >= 0:
        line = _LINE.match(text, place)
        end = line.end() if line else place
        if place == 0 or not (lower[place - 1].isalnum() or lower[place - 1] == "-"):
            for found in option.pattern.finditer(text, place + len(option.command.strip()), end):
                group = found.lastindex or 0
                if not _NOT_A_SECRET.fullmatch(found[group]):
                    yield found.span(group)
        place = lower.find(option.command, max(end, place + 1))
