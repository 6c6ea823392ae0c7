"""Headers that can be sent, and what is said of one that cannot. Its value is a secret as often as not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from otel_mlflow.errors import MisconfigurationError

_VALUE = re.compile(r"[\t -~\x80-\xff]*")
"""RFC 9110, 5.5, in the one encoding that a header has (`http.client`)."""

_LINE_BREAK = re.compile(r"[\r\n]")


def check_headers(headers: Mapping[str, str], address: str) -> None:
    """Raise `MisconfigurationError` for a header whose value cannot be sent."""
    for name, value in headers.items():
        if not _VALUE.fullmatch(value):
            seen = "a line break" if _LINE_BREAK.search(value) else "a character that no header can have"
            raise MisconfigurationError(
                f"the header {name} for {address} cannot be sent: there is {seen} in its value",
                "correct where it comes from, such as MLFLOW_TRACKING_TOKEN, DATABRICKS_TOKEN or otlp.headers",
            )
