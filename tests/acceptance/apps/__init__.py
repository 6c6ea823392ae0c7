"""Small applications that the tests run under a real server, each for one question."""

from __future__ import annotations
