"""Nothing secret gets through, and nothing else is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_mlflow.content import REDACTED, Redactor
from tests.unit.content.planted import REDACTOR, documents, harmless, queries, texts

LONG = "0123456789abcdefABCDEF0123456789"
# Whether the machine is busy does not say whether the code is right.
many = settings(max_examples=75)


@many
@given(documents())
def test_no_planted_secret_survives_in_a_value(planted: tuple[str, Any]) -> None:
    """Nested, in lists, in pairs, in JSON inside texts, in URLs: it is gone."""
    core, value = planted
    assert core not in json.dumps(REDACTOR.value(value))


@many
@given(documents(), st.booleans(), st.sampled_from([None, 1]))
def test_no_planted_secret_survives_in_a_document(
    planted: tuple[str, Any], ascii_only: bool, indent: int | None
) -> None:
    """The same for JSON text, however it is written; what comes out is JSON."""
    core, value = planted
    redacted = REDACTOR.json_text(json.dumps(value, ensure_ascii=ascii_only, indent=indent))
    assert core not in redacted
    json.loads(redacted)


@many
@given(documents(), st.integers(1, 40))
def test_no_planted_secret_survives_in_a_document_that_broke_off(planted: tuple[str, Any], missing: int) -> None:
    """What cannot be parsed any more is redacted as text."""
    core, value = planted
    assert core not in REDACTOR.json_text(json.dumps({"all": value})[:-missing])


@many
@given(texts())
def test_no_planted_secret_survives_in_text(planted: tuple[str, str]) -> None:
    """Assignments, headers, what Python prints, and tokens known by their shape."""
    core, text = planted
    assert core not in REDACTOR.text(text)


@many
@given(queries())
def test_no_planted_secret_survives_in_a_query_string(planted: tuple[str, str]) -> None:
    """Percent-encoded or not, and in what is percent-encoded inside."""
    core, query = planted
    assert core not in REDACTOR.query(query)
    assert core not in REDACTOR.text(f"https://host/path?{query}")


@given(texts())
def test_redacting_twice_changes_nothing(planted: tuple[str, str]) -> None:
    """What was redacted on the way in may pass here again on the way out."""
    once = REDACTOR.text(planted[1])
    assert REDACTOR.text(once) == once


@given(harmless)
def test_documents_without_secrets_stay_to_the_byte(value: Any) -> None:
    """Spaces, escapes, numbers: nothing is written anew that need not be."""
    text = json.dumps(value, indent=1)
    assert REDACTOR.json_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        '{"usage": {"total_tokens": 57, "max_tokens": 1, "input_tokens": "2", "token_count": 3, "tokens": [1]}}',
        '{"primary_key": "id", "keyboard": "x", "secretary": "Jane", "author": "Ann", "monkey": 1, "session_id": "s"}',
        '{"requires_auth": true, "password": null, "has_token": false}',
        "total_tokens=57&max_tokens=100",
        "The author of Key Secrets forgot a cookie; tokens: 12.",
        "task-0123456789abcdef0123 tr-0123456789abcdef0123456789abcdef 123e4567-e89b-12d3-a456-426614174000",
        '<div class="slide" style="width: 100%">50%</div>',
        "see https://host/a?b=c%20d#e, at 12:30",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Counts of tokens, names that merely begin alike, ids, and whether there is a secret."""
    assert REDACTOR.text(text) == text
    assert REDACTOR.query(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "password": 12345}', '{"a": 1, "password": "[redacted]"}'),
        ("GET /x?token=abc&page=2", "GET /x?token=[redacted]&page=2"),
        ("p%61ssword=abc&page=2", "p%61ssword=[redacted]&page=2"),
        ('{"p\\u0061ssword": "abc"}', '{"password": "[redacted]"}'),
        ("Authorization: Basic abc\r\nAccept: */*", "Authorization: [redacted]\r\nAccept: */*"),
        ("Use a bearer token: Bearer abcdef.123", "Use a bearer token: [redacted]"),
        ("user=me&api_key=abc;page=2", "user=me&api_key=[redacted];page=2"),
        ("{'api_key': 'it\\'s', 'page': 2}", "{'api_key': '[redacted]', 'page': 2}"),
        ("https://me:secret@host/", "https://[redacted]@host/"),
        (f"dapi{LONG} and {LONG}", f"[redacted] and {LONG}"),
    ],
)
def test_only_the_secret_is_replaced(text: str, expected: str) -> None:
    """What stands around a secret can still be read."""
    assert REDACTOR.text(text) == expected


@pytest.mark.parametrize(
    "token",
    [
        f"dapi{LONG}", f"dapi{LONG}-2", f"dose{LONG.lower()}", f"eyJhbGciOiJIUzI1NiJ9.{LONG}.{LONG}",
        f"sk-ant-api03-{LONG}", f"sk-proj-{LONG}", f"sk_live_{LONG}", f"ghp_{LONG}",
        f"github_pat_{LONG}", f"glpat-{LONG}", f"xoxb-1234-{LONG}",
        "AKIAIOSFODNN7EXAMPLE", f"AIza{LONG}xyz", f"ya29.{LONG}", f"hf_{LONG}", f"npm_{LONG}abcd", f"pypi-{LONG}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "is {}.", '{{"text": "it is {}"}}', '"a\\n{}\\n"', "{{broken {}"])
def test_tokens_are_known_by_their_shape(token: str, around: str) -> None:
    """Whatever name they go by, and whatever the settings say."""
    assert token[-16:] not in Redactor.compile([]).text(around.format(token))


def test_own_list_replaces_the_usual_one() -> None:
    """Only the names that were asked for are hidden."""
    redacted = Redactor.compile(["ssn", "пароль"]).json_text(json.dumps({"SSN": 1, "password": "x", "Пароль": "y"}))
    assert json.loads(redacted) == {"SSN": REDACTED, "password": "x", "Пароль": REDACTED}


def test_value_keeps_what_json_does_not_know() -> None:
    """Objects pass as they are; they are redacted once they are text."""
    thing = object()
    assert REDACTOR.value({"thing": thing, 1: (1, "x"), "api_key": thing}) == {
        "thing": thing,
        1: [1, "x"],
        "api_key": REDACTED,
    }


def test_nothing_leaks_by_being_deep() -> None:
    """What is nested too deeply to be searched does not get through unsearched."""
    deep: Any = "S3cr3t"
    for _ in range(100_000):
        deep = [deep]
    assert "S3cr3t" not in REDACTOR.value({"password": 1, "x": deep})
    assert "S3cr3t" not in REDACTOR.text("[" * 100_000 + '{"password": "S3cr3t"}' + "]" * 100_000)
    assert "S3cr3t" not in REDACTOR.text("a=" + "%25" * 5_000 + "3Dpassword=S3cr3t")


@settings(max_examples=100)
@given(st.text(st.characters(), max_size=200))
def test_any_text_is_done_with(text: str) -> None:
    """It never raises, is the same each time, and grows by no more than what stands for its secrets."""
    redacted = REDACTOR.text(text)
    assert redacted == REDACTOR.text(text)
    assert len(redacted) <= (len(text) + 1) * (len(REDACTED) + 1)


def test_pairs_as_python_writes_them_are_found_inside_json() -> None:
    """Nothing else in the document says that there is a name in one of its strings."""
    assert REDACTOR.document("{\"a\": [\"[(b'x-api-key', b'hunter2')]\"]}").count("hunter2") == 0


def test_what_stands_in_the_place_of_a_name_is_searched_too() -> None:
    """A list of two texts is a pair only perhaps; the first may be a document itself."""
    inner = json.dumps([{"key": "password", "value": "hunter2"}])
    assert "hunter2" not in str(REDACTOR.value([inner, "and more"]))


OPAQUE = "k9" + "Xq7Rb2" * 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"encryption": {"key": OPAQUE}}, {"encryption": {"key": REDACTED}}),
        ({"cache": {"key": OPAQUE}}, {"cache": {"key": OPAQUE}}),
        ({"encryption": {"key": "arn:aws:kms:eu:1:key/" + OPAQUE}},) * 2,
        ({"username": "ada", "key": OPAQUE}, {"username": "ada", "key": REDACTED}),
        ({"username": "ada", "key": OPAQUE, "value": 1},) * 2,
        ({"code": OPAQUE, "state": "x"}, {"code": REDACTED, "state": "x"}),
        ({"code": "MUC", "state": "BY"},) * 2,
        ({"tokens": {OPAQUE: "ada"}}, {"tokens": {REDACTED: "ada"}}),
        ({"type": "missing", "loc": ["password"], "input": {"user": "ada"}},) * 2,
        ({"cookie": {"max_age": 3600}},) * 2,
    ],
)
def test_a_member_is_judged_by_what_is_around_it(value: Any, expected: Any) -> None:
    """By the name that it is under, and by what stands beside it; as a value and in a document."""
    assert (REDACTOR.value(value), json.loads(REDACTOR.json_text(json.dumps(value)))) == (expected, expected)


JOINED = "swan-" + "Gravel-" + "63"
DICE = "-".join(["marble", "amber", "river"])
CHOSEN = "Bicycle" + "*Lane4"
RANDOM = "wE9mL26n3V7x"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"log in as jo with password {JOINED}, then", JOINED),
        (f"the password {CHOSEN}, then", CHOSEN),
        (f"the password the new printer has is {JOINED}", JOINED),
        (f"Le mot de passe du wifi est : {JOINED}", JOINED),
        (f"Heslo k wifi je {JOINED}, prosím", JOINED),
        (f"password changed from {CHOSEN}1 to {CHOSEN}2", CHOSEN),
        (f'password = "{RANDOM}" -> "{JOINED}"', JOINED),
        (f'auth=("neo4j", "{JOINED}")', JOINED),
        (f'a1 LOGIN "jo@example.net" "{JOINED}"', JOINED),
        (f"[smtp.example.com]:587 jo@example.com:{JOINED}", JOINED),
        (f"amqp is guest:{RANDOM}@rabbit", RANDOM),
        (f"Client(key='{RANDOM}{RANDOM}', region=eu)", RANDOM),
        (f"dnpass = {RANDOM}", RANDOM),
        (f"my password is {DICE}", DICE),
        (f"login demo / {RANDOM}", RANDOM),
        (f"log in with jo@example.com and {CHOSEN}", CHOSEN),
        (f"docker login -u app -p Timber&{RANDOM} r.example.com", RANDOM),
        (f"parametrize('password', ['{CHOSEN}'])", CHOSEN),
        (f"user is backup, pw {JOINED}", JOINED),
        (f"role_id=billing secret_id={RANDOM}{RANDOM}", RANDOM),
        (f"Uid=erp;Pwd={{a;b}}{JOINED}}};Encrypt=yes;", JOINED),
        ("2FA: 123456", "123456"),
        ("MFA code: 123 456", "123 456"),
        ("tu código: 123456", "123456"),
        ("the PIN for the alarm panel in the lobby is 5830", "5830"),
        ("TAN for your transfer of 120 EUR: 648361", "648361"),
    ],
)
def test_secrets_that_people_tell(text: str, secret: str) -> None:
    """As words that are joined, behind any words, beside an account, as a code."""
    assert secret not in REDACTOR.text(text)
    assert secret not in REDACTOR.json_text(json.dumps({"note": text}))


@pytest.mark.parametrize(
    "value",
    [
        "PIN: 560001, MG Road, Bengaluru",
        {"pin_code": "560001", "city": "Bengaluru"},
        {"iban": "DE89370400440532013000"},
        {"api_keys": [{"id": 17, "name": "grafana reader", "created": "2024-05-01", "scopes": ["read"]}]},
        {"credentials": {"basic": {"id": "12", "name": "CRM login"}}},
        {"ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKKlzZ5F jo@laptop"]},
        {"api_key": "EMPTY"},
        {"passwordless": "beta", "weak_passwords": 1, "passwort_vergessen": "Passwort vergessen?"},
        "adminPasswordKey: postgres-password",
        "password: op://Infra/postgres/password",
        '{"arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/password-a1B2c3"}',
        'echo "${NEW_USER}:${NEW_PASS}" | chpasswd',
        "docker login -u <username> -p <password> registry.example.com",
        "read -s -p 'Password: ' PW && export PW",
        "Access key: Alt+K",
        "ALTER USER jo WITH PASSWORD :'newpass';",
        "cfg.password = args.password or keyring.get_password('ftp', user)",
        "def token(self, name: str) -> AccessToken:\n    return self.found",
        "consistency_token: ConsistencyToken",
        "cookie: str | None = None,",
        "image: registry.example.com/shop:v1Beta2@sha256",
        "ada:lovelace@example.com",
        "The password is case-sensitive.",
        "scp jo@h.example.com:report2024 .",
        {"tags": ["password", "security"]},
    ],
)
def test_what_is_told_about_secrets_stays(value: Any) -> None:
    """Postal codes, lists of keys, where a secret is kept, templates, types and expressions."""
    assert REDACTOR.value(value) == value
    assert json.loads(REDACTOR.json_text(json.dumps(value))) == value


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ({"pan": "4929123456781234", "cvc": "737"}, {"pan", "cvc"}),
        ({"pan": "left", "tilt": 3}, set()),
        ({"keyName": "key1", "value": "aB3/" * 12}, {"value"}),
        ({"keyName": "key1", "value": "a"}, set()),
        ({"role_id": "billing", "secret_id": OPAQUE}, {"secret_id"}),
        ({"element": "Password field", "text": JOINED}, {"text"}),
        ({"element": "Password field", "text": "Enter it"}, set()),
        ({"element": {"id": "password", "tag": "input"}, "value": JOINED}, {"value"}),
        ({"element": {"id": "city", "tag": "input"}, "value": JOINED}, set()),
        ({"path": ["db", "password"], "to": JOINED}, {"to"}),
        ({"path": ["password", "strength"], "to": "weak"}, set()),
        ({"save_password": "Save password", "password": "Save all"}, {"password"}),
        ({"secret": "Top"}, set()),
    ],
)
def test_members_that_stand_beside_each_other(value: dict[str, Any], hidden: set[str]) -> None:
    """A card's number beside its code, a key beside its name, what is typed into a field."""
    expected = {key: REDACTED if key in hidden else member for key, member in value.items()}
    assert (REDACTOR.value(value), json.loads(REDACTOR.json_text(json.dumps(value)))) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"encryption:\n  cipher: aes\n  key: {OPAQUE}", f"encryption:\n  cipher: aes\n  key: {REDACTED}"),
        (f"[api]\nkey = {OPAQUE}", f"[api]\nkey = {REDACTED}"),
        (f"cache:\n  key: {OPAQUE}",) * 2,
        (f"api:\n  x: 1\ncache:\n  key: {OPAQUE}",) * 2,
        (f"https://h/tokens/{OPAQUE}/x", f"https://h/tokens/{REDACTED}/x"),
        (f"https://h/documents/{OPAQUE}/x",) * 2,
        (f"ada:{OPAQUE}@h.example.com/x", f"ada:{REDACTED}@h.example.com/x"),
        ("user:ada1815@h.example.com",) * 2,
        (f'3) "password"\n4) "{OPAQUE}"', f'3) "password"\n4) "{REDACTED}"'),
        ('1) "password"\n2) "email"',) * 2,
        (f'- textbox "Password" [active] [ref=e12]: {JOINED}', f'- textbox "Password" [active] [ref=e12]: {REDACTED}'),
        ("passwords[0]: str",) * 2,
        (
            f"""page.locator("input[name='password']").fill("{JOINED}")""",
            f"""page.locator("input[name='password']").fill("{REDACTED}")""",
        ),
        (f"user.type(getByLabelText('Password'), '{JOINED}')", f"user.type(getByLabelText('Password'), '{REDACTED}')"),
        (f'Typed "{JOINED}" into the password field', f'Typed "{REDACTED}" into the password field'),
        (
            f"fill: {{selector: '#password', value: '{JOINED}'}}",
            f"fill: {{selector: '#password', value: '{REDACTED}'}}",
        ),
        ("10:22:33:44:55",) * 2,
        ("the code is 482913", f"the code is {REDACTED}"),
        ("the code is 482913 lines long",) * 2,
        ("marble-amber-river is the password", f"{REDACTED} is the password"),
        ("a built-from-source library for passwords",) * 2,
        ("16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",) * 2,
        ("fields = ['password', 'remember_token']",) * 2,
        ("$password = Read-Host -AsSecureString",) * 2,
    ],
)
def test_a_text_is_judged_by_what_is_around_it(text: str, expected: str) -> None:
    """By the section of a file, by the part of a path before, by the host after, by the line above."""
    assert (REDACTOR.text(text), json.loads(REDACTOR.json_text(json.dumps(text)))) == (expected, expected)
