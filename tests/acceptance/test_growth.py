"""No input makes the search for secrets take more than in proportion to its length.

What is measured is processor time, and only how it grows: four times the text may take ten times as long, where work
that grows with the square would take sixteen times as long.
"""

from __future__ import annotations

import time

import pytest

from tests.unit.content.planted import REDACTOR

SMALL = 6_000
GROWTH = 4
MOST_GROWTH = 10
# Below this the clock says little.
LEAST_SECONDS = 0.01

HOSTILE = [
    *("://:", "eyJ", "token ", "tokentoken", 'password={"\\"', "password\\", "bearer +", "[", "password x=%25%25"),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "cookie='",
        "https://a:",
        "password=,",
        "password is ",
        "<password>",
        "<password ",
    ),
    *(
        "password:\n ",
        "password|x\n",
        "insert into x (password",
        "curl -u ",
        "\\u0061",
        '"loc":["password"',
        'password("',
    ),
    *("input_value=\n", "name: password\n", "a.b@", "--password ", "echo |", "mysql -p", "パスワード", "a:1:", "x=%70"),
    *("password=a,", "password=))))", "basic aGk6", "&lt;password&gt;", "sk-", ":AA", "-us12", "$2a$10$", "key key "),
    *("login: a / ", "log in with ", "use a:b to ", "the key: ", "u: a p: ", "login('a', ", "code to the safe is "),
    *("/reset/", "/reset?x=", "https://a/reset/", "code=a&", "?key=", "reset: https://", "password for a b c "),
    *("password for the a: ", "password:\n\n", "abcdef1 is your password ", "'a1' as password ", "aes_encrypt('a',"),
    *("<tr><th>password</th>", "<th>password</th><td>", "user  password\n", "│ password ┆", "? password\n: "),
    *("expect 'assword' ", "password=q(", "kind: Secret\ndata: {a: ", "password in ('a',", "pgp_sym_encrypt('a',"),
    *("mnemonic: abcd efgh ", "pin: 1 ", "seed phrase is abcd ", "kind: Secret\ndata:\n a: b\n", "net use \\\\a"),
    *("https://a:b#", "ST-1-", ".local.", '{"kty":"', "net user a ", "--from-literal=a="),
    *(
        "password from a to b ",
        "token you a b ",
        "'password').fill('",
        "<password value=",
        "'a' x\nFailed validating 'p",
    ),
    *(
        "\na, password = 'a', ",
        "password || '",
        "btoa('a:",
        "cookie('a','",
        "b64encode('a:",
        "the key abcdefghijklmnop1 to ",
    ),
    *("get password\nabcdef1x\n", "get password ", "a\tTRUE\t/\tTRUE\t1\tx\t", "passwd <<< ", "connect('','','"),
    *("value 'a' for password ", 'password" with value "', "password</b><input ", "jwt.sign({", "0/", "2/1", "${A:-"),
    *("ab:abcdef1@h:80", "@h:80", "'abcdef1' # ", "'abcdef1')  # a b c password ", "password('a', 'b', ", "a/b@//h"),
    *(
        "<b>password</b> ",
        "password: <b>",
        "echo a > token ",
        "[a]:25 b:c\n",
        "password a\n\n",
        "a:password",
        "ssid a key ",
    ),
    *(";password={a}}", "password in '", "'password\"]', '"),
    *(
        '"Bearer " + "',
        "(A_PASSWORD, 'abcdef1', ",
        "a(b, A_PASSWORD, ",
        "sp_password '', ",
        "credentials=/a/",
        "rclone obscure ",
    ),
    *(
        "auth with a:abcdef1 ",
        "Ihr Code lautet 1234 ",
        "mc alias set a https:",
        "password auf a ",
        "password='required|a",
    ),
    *("token abcdef1x to authenticate ", "secrets:\n a:\n"),
    *("password|x\na|b\n", ": 'a' \nFailed validating password\n", "your code is 1234 ", "AUTH a bcdefg1\n"),
    *(
        "api:\n  key: aB3dE5gH7jK9mN1p\n",
        "/tokens/aB3dE5gH7jK9mN1pQr3t",
        '1) "password"\n2) "aB3dE5"\n',
        "password ..... a",
    ),
    *("create_user('a', 'b', ", "hmac.new(b'a", "acl setuser a >", "a:aB3@a.", "password\n\n\n\n"),
    *("password? a b ", "password a b? ", "your password\nabcdef1\n", "password, it's ", "| password | a | b |\n"),
    *("this code to sign in: ", "1234 is your A code ", "share this code: 1", "code 1234 ", "name,value\npassword,a\n"),
    *(
        "pwgen 1\nabcdef1x\n",
        "head -c 1 ",
        "aws ssm get-parameter ",
        "radius a\n b\n",
        "user a on b >",
        "a:b1!cdef@tcp(",
    ),
    *('resource "a_token" "b" {\n', "AKIA0123456789ABCDEF ", "negotiate aB3d", "password (a b ", "'smtp', 1, 'a', "),
    *("changed password to ", "changed a b c password for a b ", "password....a", "identified by 'a' replace '"),
    *("snmp sha a1 ", "radius----", "wireless.a.key=", "-U a%b", " -u a -p ", "admin / ", "connect to a user b using "),
    *("parametrize('password', [('a', ", "a:{PLAIN}b", "'a', 'password', 'b!c1', ", "'crypt' => ['key' => 'aB3d"),
    *('<a name="value">b</a><c name="name">password</c>', "withId(password)).perform(typeText('a", "md5 key-string a "),
    *("pw\n[1] a: b\n", "Credentials('a', 'b', 'c', ", "connect(A.B, 'a', 'b', ", '{"username":"a","key":"'),
]


def seconds(unit: str, length: int) -> float:
    """Measure the processor time that a text of this length takes."""
    text = (unit * (length // len(unit) + 1))[:length]
    started = time.process_time()
    REDACTOR.text(text)
    REDACTOR.query(text)
    return time.process_time() - started


def most_seconds(unit: str) -> float:
    """The time that a text may take that is so much longer."""
    return MOST_GROWTH * min(seconds(unit, SMALL) for _ in range(2))


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_text(unit: str) -> None:
    """A unit of a text comes again and again."""
    for _ in range(3):
        taken = seconds(unit, SMALL * GROWTH)
        if taken < MOST_GROWTH * LEAST_SECONDS or taken < most_seconds(unit):
            return
    pytest.fail(f"{taken:g} s for {SMALL * GROWTH} characters, and {most_seconds(unit) / MOST_GROWTH:g} s for {SMALL}")
