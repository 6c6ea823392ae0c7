"""What a statement has placeholders for is hidden where it is given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.content.planted import REDACTOR

SECRET = "Lngisi" + "1948!"


@pytest.mark.parametrize(
    "text",
    [
        "[SQL: UPDATE users SET name=%s, password=%s WHERE id=%s]\n[parameters: ('ada', '<pw>', 3)]",
        "[SQL: INSERT INTO users (email, password) VALUES (?, ?)]\n[parameters: [('a', '<pw>')]]",
        "[SQL: INSERT INTO users (email, password) VALUES (now(), ?)]\n[parameters: ('<pw>',)]",
        "[SQL: UPDATE users SET password=%(new)s WHERE id=%(id)s]\n[parameters: {'new': '<pw>', 'id': 3}]",
        """db.Exec("UPDATE users SET password = $2 WHERE id = $1", "3", "<pw>")""",
        """db.query('UPDATE users SET email = ?, password = ?', ['a@x.io', '<pw>'])""",
        """cur.execute('SELECT 1 FROM users WHERE password = :p2', ('a', '<pw>'))""",
        "LOG:  execute <unnamed>: UPDATE users SET password = $1\nDETAIL:  parameters: $1 = '<pw>', $2 = '3'",
        "update users set password=? where id=?\nbinding parameter (1:VARCHAR) <- [<pw>]",
        "conn.execute(text('UPDATE users SET password=:new'), {'new': '<pw>', 'id': 3})",
        "==>  Preparing: UPDATE u SET name=?, password=?\n==> Parameters: ada(String), <pw>(String), 3(Integer)",
        "log.info('login of %s with password %s', 'ada', '<pw>')",
    ],
)
def test_parameters_in_a_text(text: str) -> None:
    """By place, by number and by name; what is beside the secret stays."""
    assert REDACTOR.text(text.replace("<pw>", SECRET)) == text.replace("<pw>", "[redacted]")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sql": "UPDATE u SET password = ?", "params": [SECRET, 3]}, ["[redacted]", 3]),
        ({"sql": "INSERT INTO u (id, password) VALUES ($1, $2)", "params": [3, SECRET]}, [3, "[redacted]"]),
        ({"sql": "UPDATE u SET password = ?", "params": [[SECRET], ["${PW}"]]}, [["[redacted]"], ["${PW}"]]),
        ({"sql": "SELECT 1 WHERE password = :p", "params": {"p": SECRET, "q": "a"}}, {"p": "[redacted]", "q": "a"}),
        ({"message": "password %s of %s", "params": [SECRET, "ada"]}, ["[redacted]", "ada"]),
    ],
)
def test_parameters_beside_a_statement(given: dict[str, Any], expected: Any) -> None:
    """In a structure they stand beside it, also one row each."""
    assert REDACTOR.value(given) == {**given, "params": expected}


@pytest.mark.parametrize(
    "value",
    [
        "UPDATE users SET name = ?, age = ?; args: ['Ada Lovelace', '36']",
        "log.info('password of %s changed by %s', 'ada', 'Bob-17-admin')",
        "cur.execute('SELECT token, n FROM words WHERE token = %s', ('the',))",
        "UPDATE users SET password = %(new)s, name = %(name)s",
        {"sql": "UPDATE users SET name = ? WHERE id = ?", "params": ["Ada", 3]},
        {"sql": "UPDATE users SET password = ?", "args": None, "params": []},
        {"prompt": "what is a password? and why", "params": {"temperature": 1}},
    ],
)
def test_other_parameters_stay(value: Any) -> None:
    """No more is hidden than has a placeholder that a secret's name stands before."""
    assert (REDACTOR.text(value) if isinstance(value, str) else REDACTOR.value(value)) == value
