"""What is wrong with a TLS connection, in words that name the certificate and the setting."""

from __future__ import annotations

import ssl
from pathlib import Path

from otel_mlflow.errors import DeliveryError, MisconfigurationError, RetryableError

CLIENT_CERTIFICATE = "MLFLOW_TRACKING_CLIENT_CERT_PATH"
SERVER_CERTIFICATE = "MLFLOW_TRACKING_SERVER_CERT_PATH"

_WANTS_CERTIFICATE = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN")
"""Alerts of servers that were shown no client certificate, or one that they do not accept (RFC 8446, 6.2)."""

_ENDED = ("EOF", "reset", "closed", "Broken pipe")


def check_client_certificate(path: str) -> None:
    """Raise `MisconfigurationError` where the file does not hold a certificate and its private key."""
    if not Path(path).is_file():
        raise _client_certificate_error(path, "there is no such file")
    try:
        ssl.create_default_context().load_cert_chain(path, password=_no_password)
    except _EncryptedKeyError:
        raise _client_certificate_error(path, "its private key is encrypted") from None
    except (ssl.SSLError, OSError) as error:
        text = Path(path).read_text("latin-1")
        missing = [what for what in ("CERTIFICATE", "PRIVATE KEY") if f"{what}-----" not in text]
        seen = f"it holds no {' and no '.join(missing).lower()}" if missing else str(error)
        raise _client_certificate_error(path, seen) from error


def check_server_certificate(path: str) -> None:
    """Raise `MisconfigurationError` where the file or folder of trusted certificates is not there, or holds none."""
    try:
        seen = "" if Path(path).exists() else "there is no such file"
        if Path(path).is_file():
            ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError) as error:
        seen = f"it holds no certificate ({error})" if isinstance(error, ssl.SSLError) else str(error)
    if seen:
        raise MisconfigurationError(
            f"the trusted certificates at {path} cannot be read: {seen}",
            f"correct {SERVER_CERTIFICATE}, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, whichever names it",
        )


def tls_error(cause: BaseException, address: str, certificate: str | None) -> DeliveryError:
    """The error for a connection that TLS did not let come about; `certificate` is the client's, if it has one."""
    text = str(cause)
    if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in text:
        return MisconfigurationError(
            f"the certificate of {address} is not trusted: {text}",
            f"set REQUESTS_CA_BUNDLE or {SERVER_CERTIFICATE} to the certificate of its issuer",
        )
    if any(alert in text.upper().replace(" ", "_") for alert in _WANTS_CERTIFICATE):
        shown = (
            f"does not accept the client certificate {certificate}" if certificate else "asks for one, and none is set"
        )
        return MisconfigurationError(
            f"{address} refuses the connection for want of a client certificate: it {shown} ({text})",
            f"set {CLIENT_CERTIFICATE} to a PEM file that holds a certificate which it accepts, and its private key",
        )
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return MisconfigurationError(f"{address} does not speak TLS: {text}", "correct the address: http:// it may be")
    return unreachable(text, address, certificate)


def unreachable(text: str, address: str, certificate: str | None) -> RetryableError:
    """The error for a host that does not answer. One that wants a client certificate may end the connection unsaid."""
    fix = "check that it is running and reachable"
    if address.startswith("https:") and certificate is None and any(word in text for word in _ENDED):
        fix += f"; should it ask for a client certificate, set {CLIENT_CERTIFICATE}"
    return RetryableError(f"{address} does not answer: {text}", fix)


class _EncryptedKeyError(Exception):
    """OpenSSL asks for a password, for which there is no setting."""


def _no_password() -> str:
    raise _EncryptedKeyError


def _client_certificate_error(path: str, seen: str) -> MisconfigurationError:
    return MisconfigurationError(
        f"the client certificate {path} cannot be used: {seen}",
        f"set {CLIENT_CERTIFICATE} to a PEM file that holds the certificate and its private key, unencrypted",
    )
