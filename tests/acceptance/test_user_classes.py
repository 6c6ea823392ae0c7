"""The user's classes stay the user's: nothing of them is replaced to trace them."""

from __future__ import annotations

import json

from tests.acceptance.conftest import Serve

CLASSES = "tests.acceptance.apps.user_classes:served"


def test_no_method_of_a_users_class_is_replaced(serve: Serve) -> None:
    """Neither by `instrument()` nor by a request that uses it: model, tool, runnable, callback handler, application."""
    replaced = serve(CLASSES).get("/replaced").json()
    assert replaced == [], json.dumps(replaced, indent=2)
