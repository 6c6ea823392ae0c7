"""The signature on what services of one owner tell each other of their traces.

Trace ids are public, each answer shows one: what a caller says in `tracestate` proves nothing. What is signed with
`tracing.caller_key` (HMAC-SHA-256) was said by a service that has the key, of a trace in the experiment that this one
writes to, within the last minutes: whoever sees a signed header can use it that long, and for that trace only.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable

MAX_AGE = 300.0
"""Seconds for which a signature counts, either way, for clocks differ."""

_MAC_LENGTH = 32


class CallerKey:
    """Signs what is told, and checks what was; without a secret nothing is signed and nobody is believed."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret.encode() if secret else None

    @property
    def is_missing(self) -> bool:
        """Whether there is no secret."""
        return self._secret is None

    def signed(self, span: str, experiment: str) -> str:
        """The name of a span with its signature, if there is a secret."""
        if self._secret is None:
            return span
        now = f"{int(time.time()):x}"
        return f"{span}-{now}-{self._mac(span, now, experiment)}"

    def vouches_for(self, span: str, signature: str, experiments: Iterable[str], *, at: float | None = None) -> bool:
        """Whether a signature is one of ours, for one of these experiments, and was not too old at that time."""
        signed_at, _, mac = signature.partition("-")
        if self._secret is None or not mac:
            return False
        if abs((time.time() if at is None else at) - int(signed_at, 16)) > MAX_AGE:
            return False
        return any(hmac.compare_digest(mac, self._mac(span, signed_at, experiment)) for experiment in experiments)

    def _mac(self, span: str, signed_at: str, experiment: str) -> str:
        message = f"{span}\n{signed_at}\n{experiment}".encode()
        return hmac.digest(self._secret or b"", message, hashlib.sha256).hex()[:_MAC_LENGTH]
