"""Secrets that are known by the name in front of them, in a text.

After the name of a secret stands, in the order in which it is tried:

1. an operator and a value (`password=…`, `X-Api-Key: …`, `'token': '…'`, `os.environ["KEY"] = …`), also a block of
   indented lines (YAML);
2. as the first of a pair, the second (`("cookie", "…")`, `"name": "password", "value": "…"`, `{password, "…"}`); as a
   constant, the next argument of a call (`setopt(curl, CURLOPT_PASSWORD, "…")`); in a numbered reply, the next line
   (`3) "password"`, `4) "…"`);
3. as a command's option or in a file of words, the next word (`--password …`, `machine … login … password …`);
4. a value in quotes or in a call (`PASSWORD '…'`, `setPassword("…")`);
5. what is typed into the field of a form (`find_element(By.ID, "password").send_keys("…")`);
6. as words of a sentence, what the sentence says it is (`my password is …`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.below import find_below
from otel_mlflow.content.credentials import (
    is_code,
    is_credential,
    is_more_than_words,
    is_placeholder,
    is_reference,
    is_told_password,
    is_word,
    may_be_password,
)
from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength, names_aspect
from otel_mlflow.content.sentences import find_exchanged, find_told, quoted_words
from otel_mlflow.content.told import PUNCTUATION, is_pin, is_postal, names_code, names_phrase, tells_password
from otel_mlflow.content.values import Value, end_of, read_value, should_hide

Range = tuple[int, int]

_CLOSES = (
    r"""(?:[\])?]|\}(?=\s{0,4}=\s{0,4}[\"'q])|\*{1,2}|__|&(?:quot|apos|nbsp|\#3[49]);|\\{0,64}["'`]){0,4}"""
    r"""(?:%(?:25)*5[bd]){0,2}"""
)
_COLOUR = r"""(?:(?:\x1b|\\u001b|\\x1b|\\033)\[[\d;]{0,9}m)?"""
_FOR = r"for[ ](?:(?:the|our|my|your)[ ]\w{1,40}(?:[ ]\w{1,40})?|\S{1,60}[ ]?)"
# As the tree of a page has them: `textbox "Password" [ref=e12]: …`.
_STATES = r"(?:(?<=[ ])(?:\[[a-z]+(?:=\w{1,12})?\][ ]?){1,4}(?=:))?"
_REMARK = rf"{_STATES}(?:\([\w ,.-]{{1,40}}\)[ \t]{{0,4}})?(?:{_FOR})?(?:'[\w .-]{{1,40}}'[ ])?(?:\d{{1,2}}(?=:))?"
_OPERATOR = re.compile(
    rf"""(?:\[\])?{_CLOSES}{_COLOUR}(?:</\w{{1,10}}>)?[ \t.]{{0,20}}{_REMARK}"""
    r"""(?:(?P<equals>=>(?:\s{0,4}string\(\d{1,6}\)(?=\s))?|:=|<-|->|→|(?<!!)={1,3}(?!=)"""
    r"""|(?:<<<|\?\?=?|\?:|\|\|=?)(?=[ ]?["']))"""
    r"""|[ ]\{[ ]?get;[^{}]{0,40}\}[ ]?="""
    r"""|[ ](?:as[ ])?(?:string|str|text|var|auto|byte|n?(?:var)?char2?\(\d{1,5}(?:[ ]\w{1,5})?\))[ ]:?=[ ]"""
    r"""|:[ \t]{0,4}(?:&'static[ ])?[&A-Za-z_]['\w.|\[\]]{0,40}(?:[ ]\|[ ]\w{1,20}){0,3}[ ]=[ ]"""
    r"""|(?P<colon>::?(?!\?)(?:\*{1,2}(?=[ ]))?|\uff1a|(?<=[ ])[—–-](?=[ ])|\r?\n[ \t]{0,20}:(?=[ ])))""",
    re.IGNORECASE,
)
_HEREDOC = re.compile(r"<<<?[-~]?[\"']?(\w{1,40})[\"']?\r?\n(.*?)(?:\n[ \t]*\1|\Z)", re.DOTALL)
# Of a programming language: what is below is code.
_STATEMENT = re.compile(
    r"(?:\A|[\r\n])[ \t]*"
    r"(?:if|elif|else|for|while|with|try|except|def|class|case|match|async|switch|return|unless|when)\b[^\r\n]*\Z"
)
_FILE_AND_LINE = re.compile(r"\.[a-z]{1,5}:\d{1,6}(?![\w.])")
_NAMES_BEFORE = re.compile(r"(?:\A|[\n;])[ \t]*(?:\w{1,40},[ ]?){1,6}\Z")
_EXPRESSION = re.compile(r"[\w.]+(?:=(?!=?\Z)|\()")
_SPACE = re.compile(r"[ \t]{0,20}")
# On the next line only what JSON has there.
_SPACE_OR_LINE = re.compile(r"""\s{0,20}(?=\\{0,64}["'`\[{(\d])|[ \t]{0,20}""")
_LOWER_WORD = re.compile(r"[a-z]+\b")
_BLOCK = re.compile(r"[ \t]*(?:![\w-]{1,40}[ \t]*)?(?:[|>][+-]?\d?)?[ \t]*(?:#[^\r\n]*)?\r?\n(?=[ \t]*\S)")
_NAMED = re.compile(
    r"""(?:name|key|header|field|param|parameter|variable|env|attribute|property|selector|locator|label|k|n|id)"""
    r"""(?:\\*["'])?\s*[:=]\s*b?(?:\\*["'])?[\w.#\[\]-]{0,40}\Z"""
    r"""|\b(?:variable|output)\s+"[\w-]{0,40}\Z""",
    re.IGNORECASE,
)
_VALUE_OF_NAMED = re.compile(
    r"""\]{0,4}(?:\\*["'])?[ \t]{0,20}[,;]?\s{0,40}(?:-\s)?(?:\\*["'])?"""
    r"""(?:\{[^{}]{0,400}?(?<=\s)(?=(?:default|value)\s))?(?:default|(?:string_|secret_|parameter)?value|val|example|content|contents|v|data|text|defaultvalue)"""
    r"""(?:\\*["'])?\s{0,20}[:=]\s{0,20}""",
    re.IGNORECASE,
)
# Of a part of a multipart form: the other headers, and the empty line before its content.
_PART = re.compile(r""""(?:;[^\r\n]{0,200})?\r?\n(?:[\w-]{1,40}:[^\r\n]{0,200}\r?\n){0,3}\r?\n(?=[^\r\n])""")
_OPENS_PAIR = re.compile(r"""[\[(]\s{0,20}b?\\*["'][\w.\[\]#=\\"'-]{0,40}\Z""")
_FOLLOWS_LITERAL = re.compile(r"""["']\s{0,4},\s{0,4}["']\Z""")
_NAME = re.compile(r"[\w.-]*")
# `("name", "…")`, `('[name="name"]', '…')`, in Ruby `("name") { "…" }`.
_PAIR = re.compile(
    r"""(?:\\*["'])?\]{0,8}\\*["']\s{0,20}(?:,|\)\s{0,4}\{)\s{0,20}"""
    r"""(?:\[\s?|default(?:_value)?[ ]?[=:][ ]?)?(?=b?\\*["'])"""
)
# `setopt(curl, CURLOPT_PASSWORD, "…")`, `env.put(Context.SECURITY_CREDENTIALS, "…")`.
_OPENS_ARGUMENTS = re.compile(r"[\w$][(,]\s{0,4}\Z|\((?:[^()\n]{1,80}),\s{0,4}\Z")
_CONSTANT = re.compile(r"(?:[A-Za-z]\w{0,40}\.){0,3}[A-Z][A-Z\d_]{2,60}")
_NEXT_LITERAL = re.compile(r"""\s{0,4},\s{0,4}\\{0,4}["']([^"'\\\n]{4,200})\\{0,4}["']""")
_OPENS_CALL = re.compile(r"""(?:new[ ])?[A-Za-z_][\w.:]{0,60}[(\[]\s{0,4}(?:default[ ]?=[ ]?)?(?=[bruf]?["'])""")
_CLOSES_PAIR = re.compile(r"""\\*["']\s{0,20}(?:,?\s{0,20}[\])}]|\[cut|\Z)""")
_LOC = re.compile(r"""["']loc\\*["']\s*:\s*[\[(][^\])]{0,200}\Z""")
_INPUT = re.compile(r"""[^{}]{0,800}?["']input\\*["']\s*:\s*""", re.DOTALL)
_OPTION_VALUE = re.compile(
    r"""(?:=|[ \t]+(?:<<<[ \t]*)?|\\*["'],\s{0,20}(?=\\*["']))"""
    r"""(?!-|(?:flag|option|argument|switch|or|and|in|to|for|on|as|is|from|via|with|by|before)\b)"""
)
_KEYWORD = re.compile(
    r"(?:\bENV|\bARG|\bsetx|\bset|\bSetEnv|\bputenv|\bpasswd|\blogin\s+\S{1,100}|\baccount\s+\S{1,100})\s+\Z"
)
# What a router's configuration says of how a secret is written.
_WRITTEN = r"(?:(?:(?:ir)?reversible-cipher|cipher|simple|encrypted|level|ascii(?:-text)?|hex(?:adecimal)?|md5)[ ])?"
_NEXT_WORD = re.compile(rf"""["'`]?[ \t]+{_WRITTEN}(?:["'`“(])?(?:\d{{1,2}}[ ](?=[$\w]))?([^\s"'`<>“”,;)]+)""")
_NEXT_QUOTED = re.compile(r"[ \t]{1,4}(?=\\*[\"'`])")
_CALL = re.compile(r"\(\s{0,4}(?=[bru]?[\"'])")
_LAST_ARGUMENT = re.compile(r"""\((?:\s{0,4}["'][^"'\n]{0,100}["'],){1,3}\s{0,4}["']([^"'\n]{3,200})["']\s{0,4}\)""")
_TYPES_INTO = re.compile(
    r"""(?:\\*["'])?\]?\\*["'](?:\),\s{0,4}(?=["'])|,\s{0,4}with:\s{0,4}(?=["'])|\s{0,4}\}?\s*\){1,2}\s*\.(?:perform\(\s{0,9})?(?:(?:send_?keys|fill|(?:type|replace|enter|input)_?text|type|press_sequentially|(?:set|to_?have)_?value|val|insert_?text)\(|value\s?=)\s*(?=\\*["']))"""
    r"""|\s{0,4}\){1,3}\s{0,20}\.(?:perform\(\s{0,9})?(?:send_?keys|fill|(?:type|replace|enter|input)_?text)\(\s{0,4}(?=\\*["'])""",
    re.IGNORECASE,
)
# As Redis and R print what has a name.
_REPLY = re.compile(r"""["']?\r?\n[ \t]{0,20}(?:\d{1,6}\)|\[1\])[ ]"([^"\n]{4,200})\"""")
_REPLACEMENT = re.compile(r"""["'`]\s{0,4}(?:->|=>|→|⇒)\s{0,4}["'`]([^"'`\n]{1,400})["'`]""")
# In an Amazon Resource Name a secret has its name.
_RESOURCE_NAME = re.compile(r"\barn:[\w:/.*-]{0,200}\Z")
# A variable of psql: `PASSWORD :'name'`.
_PSQL_VARIABLE = re.compile(r"[ ]:'[a-z_]{1,60}'")
# What GnuPG calls a key.
_FINGERPRINT = re.compile(r"(?:0x)?(?:[\dA-F]{40}|[\dA-F]{16})[,.;]?")
_GROUPED = re.compile(r"\d{3}[ -]\d{3}\b")
_CODE_LINE = re.compile(
    r"#|//|>>>|@\w|(?:from|import|if|elif|return|def|class|raise|with|for|try|except|await|async|yield)\b"
    r"|[\w.]{1,60}(?:\(|[ ]=[ ])"
)
# What a function returns, by its type: `def token(self) -> Token:`.
_RETURNS = re.compile(r"[ ]?[\w.\[\], |\"']{1,80}:[ \t]*(?:\r?\n|\.{3}|\#|\Z)")
_READERS = re.compile(
    r"(?:(?:get|fetch|load|read|find|list|has|check|is|env)_?[A-Z_a-z]*"
    r"|(?:en|de)code|r?split|[lr]?strip|(?:starts|ends)with|replace|join|format)\Z"
)
PARAMETERS = frozenset({"token", "sig", "signature", "auth", "sid", "jwt", "assertion"})
"""Names that can only mean a credential where they are parameters in an address."""

_LOOK_BACK = 260


def find_assigned(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find the values of the secrets that a text names."""
    done = -1
    for mention in mentions:
        if mention.start < done:
            continue
        found = [place for place in _values(text, mention) if not is_postal(text, mention, place)]
        for start, end in (*found, *_replacements(text, found), *find_exchanged(text, mention)):
            done = max(done, end)
            yield start, end


def _replacements(text: str, found: list[Range]) -> Iterator[Range]:
    """Find what replaces a secret in the plan of a change: `password = "…" -> "…"`."""
    for _, end in found:
        if (replacement := _REPLACEMENT.match(text, end)) and not is_placeholder(replacement[1]):
            yield replacement.span(1)


def _values(text: str, mention: Mention) -> Iterator[Range]:
    before = text[max(mention.start - _LOOK_BACK, 0) : mention.start]
    operator = _OPERATOR.match(text, mention.end)
    if operator is not None and operator["equals"] and (place := _own_value(text, before, operator.end())):
        yield from filter(None, [_hidden(text, mention, place, is_equals=True)])
        return
    found = _named_pair(text, mention, before)
    if found is None and operator is not None:
        found = _assigned(text, mention, before, operator)
    elif found is None:
        found = _option(text, mention, before) or _pair(text, mention, before) or _called(text, mention)
        found = found or _beside_constant(text, mention, before) or _typed(text, mention) or _replied(text, mention)
        found = found or _next_word(text, mention) or find_told(text, mention)
    if found is not None:
        yield found
    elif operator is not None and operator["colon"]:
        is_block = _BLOCK.match(text, operator.end())
        if is_block and _STATEMENT.search(before) is None:
            yield from _block(text, mention, is_block.end())
        yield from filter(None, [find_below(text, mention)])


def _own_value(text: str, before: str, place: int) -> int | None:
    """Find where the value of a name begins that is assigned together with others: `user, password = "ada", "…"`."""
    others = _NAMES_BEFORE.search(before)
    values = (
        re.compile(rf"""(?:[ ]?(?:["'][^"'\n]{{0,100}}["']|[\w.]{{1,60}}),){{{others[0].count(",")}}}[ ]?""")
        if others
        else None
    )
    own = values.match(text, place) if values else None
    return own.end() if own else None


def _assigned(text: str, mention: Mention, before: str, operator: re.Match[str]) -> Range | None:
    is_joined = operator["colon"] is not None and not text[operator.end() : operator.end() + 1].isspace()
    is_equals = operator["colon"] is None or is_joined
    is_in_quotes = before[-1:] in ("'", '"')
    space = (_SPACE_OR_LINE if is_in_quotes else _SPACE).match(text, operator.end())
    is_bare_word = operator["colon"] is not None and is_joined and mention.strength < Strength.ALL
    if (before[-1:] == ":" and is_joined) or (is_bare_word and _LOWER_WORD.match(text, operator.end())):
        mention = mention._replace(strength=Strength.CREDENTIALS)
    if is_joined and _FILE_AND_LINE.match(text, text.rfind(".", mention.start, mention.end)):
        return None
    if operator[0].endswith("->") and _RETURNS.match(text, operator.end()):
        return None
    if is_joined and (_RESOURCE_NAME.search(before) or _PSQL_VARIABLE.match(text, mention.end)):
        return None
    if before[-1:] in ("?", "&", "#") and text[mention.start : mention.end].lower() in PARAMETERS:
        mention = mention._replace(strength=Strength.TEXTS)
    return _hidden(text, mention, space.end() if space else operator.end(), is_equals=is_equals)


def _hidden(text: str, mention: Mention, place: int, *, is_equals: bool) -> Range | None:
    """Answer where the value stands that begins at a place, if it is a secret."""
    if heredoc := _HEREDOC.match(text, place):
        return heredoc.span(2)
    if (grouped := _GROUPED.match(text, place)) and names_code(text, mention):
        return grouped.span()
    value = read_value(text, place, (mention.start, mention.end), is_equals=is_equals)
    if value is None:
        return None
    name = text[mention.start : mention.end]
    if should_hide(text, value, mention.strength, name, is_equals=is_equals):
        return value.start, end_of(text, value)
    return _argument(text, mention, value)


def _argument(text: str, mention: Mention, value: Value) -> Range | None:
    """Find the secret in a call that is the value: `password=Some("…")`."""
    opened = None if value.is_quoted or value.is_nested else _OPENS_CALL.match(text, value.start)
    if opened is None:
        return None
    given = read_value(text, opened.end(), (mention.start, mention.end), is_equals=True)
    looks_secret = is_told_password if tells_password(text, mention) else is_credential
    is_secret = given is not None and given.is_quoted and looks_secret(text[given.start : given.end])
    return (given.start, given.end) if given is not None and is_secret else None


def _block(text: str, mention: Mention, start: int) -> Iterator[Range]:
    """Find what stands in the lines below a name that are indented deeper than it."""
    indent = mention.start - (text.rfind("\n", 0, mention.start) + 1)
    for line in re.compile(r"([ \t]*)(?:-[ \t]+)?([^\r\n]*)\r?(?:\n|\Z)").finditer(text, start):
        is_item = text[line.start() + len(line[1]) : line.start() + len(line[1]) + 2] == "- "
        if line[2] and len(line[1]) <= indent - (1 if is_item else 0):
            return
        key, _, content = line[2].rpartition(": ")
        is_key = content.endswith(":") and not is_credential(content)
        is_name = is_code(content) or (is_item and is_word(content)) or is_key
        is_name = is_name or _CODE_LINE.match(content) is not None
        is_stated = (key and names_aspect(key)) or (mention.strength < Strength.ALL and is_name)
        if mention.strength == Strength.ALL:
            content = line[2]
        end = line.end(2)
        value = Value(end - len(content), end, is_quoted=True)
        if not is_stated and should_hide(text, value, mention.strength, "", is_equals=True):
            yield value.start, value.end
        if line.end() == len(text):
            return


def _named_pair(text: str, mention: Mention, before: str) -> Range | None:
    """Find the value beside the name: `"name": "password", "value": "…"`, `"loc": ["password"], "input": "…"`."""
    if "loc" in before and _LOC.search(before) and (given := _INPUT.match(text, mention.end)):
        return _hidden(text, mention, given.end(), is_equals=True)
    if "form-data" in before and (content := _PART.match(text, mention.end)):
        return _hidden(text, mention, content.end(), is_equals=True)
    if not ("=" in before or ":" in before or "variable" in before or "output" in before) or not _NAMED.search(
        before[-_LOOK_BACK // 4 :]
    ):
        return None
    value = _VALUE_OF_NAMED.match(text, mention.end)
    return _hidden(text, mention, value.end(), is_equals=True) if value else None


def _pair(text: str, mention: Mention, before: str) -> Range | None:
    comma = _PAIR.match(text, mention.end)
    if comma is None:
        return None
    if not _OPENS_PAIR.search(before[-_LOOK_BACK // 4 :]):
        return _later_pair(text, mention, before, comma)
    found = _hidden(text, mention, comma.end(), is_equals=True)
    is_list = "[" in comma[0]
    told = text[slice(*found)] if found else ""
    is_list_of_names = before.rstrip("\"'")[-1:] == "[" and is_code(told) and not is_credential(told)
    if is_list_of_names or (found and (is_list or mention.strength < Strength.ALL) and is_word(told)):
        return None
    is_closed = found is not None and (_CLOSES_PAIR.match(text, found[1]) or found[1] == len(text))
    return found if found and (is_closed or is_credential(told)) else None


def _later_pair(text: str, mention: Mention, before: str, comma: re.Match[str]) -> Range | None:
    """Find the value among names and values in turn, where no name could be it: `f("user", "a", "password", "…")`."""
    found = _hidden(text, mention, comma.end(), is_equals=True) if _FOLLOWS_LITERAL.search(before) else None
    told = text[slice(*found)] if found else ""
    return found if may_be_password(told) and not _NAME.fullmatch(told) else None


def _beside_constant(text: str, mention: Mention, before: str) -> Range | None:
    """Find the argument of a call after a constant that names a secret; in Erlang, the rest of a tuple."""
    literal = _NEXT_LITERAL.match(text, mention.end)
    if literal is None or not is_credential(literal[1]):
        return None
    is_constant = _CONSTANT.fullmatch(text, mention.start, mention.end) is not None
    is_argument = is_constant and _OPENS_ARGUMENTS.search(before[-_LOOK_BACK // 4 :]) is not None
    return literal.span(1) if is_argument or before[-1:] == "{" else None


def _replied(text: str, mention: Mention) -> Range | None:
    reply = _REPLY.match(text, mention.end)
    return reply.span(1) if reply and may_be_password(reply[1]) else None


def _option(text: str, mention: Mention, before: str) -> Range | None:
    is_option = before[-1:] == "-" and not before[-2:-1].isalnum()
    if not is_option and not (before[-1:].isspace() and _KEYWORD.search(before)):
        return None
    space = _OPTION_VALUE.match(text, mention.end)
    return _hidden(text, mention, space.end(), is_equals=True) if space else None


def _called(text: str, mention: Mention) -> Range | None:
    given = _LAST_ARGUMENT.match(text, mention.end) if mention.strength == Strength.ALL else None
    if given and not is_word(given[1]):
        return given.span(1)
    name = text[mention.start : mention.end].rpartition(".")[2]
    call = _CALL.match(text, mention.end)
    if call is None or mention.strength < Strength.CODES:
        return None
    found = _hidden(text, mention, call.end(), is_equals=True)
    is_reader = mention.strength < Strength.ALL or _READERS.match(name) is not None
    return None if found and is_reader and not may_be_password(text[found[0] : found[1]]) else found


def _typed(text: str, mention: Mention) -> Range | None:
    typed = _TYPES_INTO.match(text, mention.end)
    return _hidden(text, mention, typed.end(), is_equals=True) if typed else None


def _next_word(text: str, mention: Mention) -> Range | None:
    if mention.strength < Strength.CODES and text[mention.start : mention.end].lower() != "token":
        return None
    if quoted := _NEXT_QUOTED.match(text, mention.end):
        if names_phrase(text, mention) and (words := quoted_words(text, quoted.end())):
            return words
        found = _hidden(text, mention, quoted.end(), is_equals=True)
        told = text[slice(*found)] if found else " "
        is_verb = text[mention.start : mention.end].lower() == "pass" and not is_credential(told)
        is_name = mention.strength < Strength.ALL and is_word(told)
        return None if " " in told or is_verb or is_name or _EXPRESSION.match(told) or is_reference(told) else found
    word = _NEXT_WORD.match(text, mention.end)
    if word is not None and is_pin(word[1].strip(PUNCTUATION)) and names_code(text, mention):
        return word.span(1)
    if word is None or is_placeholder(word[1]) or "=" in word[1].rstrip("=") or _FINGERPRINT.fullmatch(word[1]):
        return None
    told = word[1].rstrip(PUNCTUATION)
    is_product_key = mention.strength == Strength.CODES and "-" in told and is_more_than_words(told)
    is_password = tells_password(text, mention) and is_told_password(told)
    if not (is_product_key or is_password or may_be_password(told)):
        return None
    return word.start(1), word.start(1) + len(told)
