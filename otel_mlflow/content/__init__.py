"""Inputs and outputs of a trace: decoded, redacted, cut.

Pure: no clock, no I/O, no library but Python's own. So all of it may run on any thread, long after the request.
"""

from __future__ import annotations

from otel_mlflow.content.bodies import body_json, body_value, request_value
from otel_mlflow.content.cut import cut_before_search, cut_json, cut_text, to_json
from otel_mlflow.content.inflate import Body
from otel_mlflow.content.jsonable import name_of, to_jsonable
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.names import REDACTED
from otel_mlflow.content.readable import readable_json, readable_value
from otel_mlflow.content.redact import Redactor
from otel_mlflow.content.requests import redact_request
from otel_mlflow.content.streams import redact_pieces

__all__ = [
    "REDACTED",
    "Body",
    "Redactor",
    "Strength",
    "body_json",
    "body_value",
    "cut_before_search",
    "cut_json",
    "cut_text",
    "name_of",
    "readable_json",
    "readable_value",
    "redact_pieces",
    "redact_request",
    "request_value",
    "to_json",
    "to_jsonable",
]
