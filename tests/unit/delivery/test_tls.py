"""Certificates: what is wrong with one, and which setting it came from."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from typing_extensions import Self

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.errors import DeliveryError, MisconfigurationError, RetryableError
from tests.servers.black_hole import silent_host


def self_signed(encryption: KeySerializationEncryption | None = None) -> tuple[bytes, bytes]:
    """A certificate of its own making for 127.0.0.1, and its private key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


class Host:
    """Shakes hands with whoever comes, and asks for a client's certificate if it is told to."""

    def __init__(self, folder: Path, *, wants_certificate: bool = False) -> None:
        (folder / "host.pem").write_bytes(b"".join(self_signed()))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "host.pem")
        if wants_certificate:
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._shake_hands, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _shake_hands(self) -> None:
        try:
            while True:
                connection, _ = self._listener.accept()
                self._greet(connection)
        except OSError:
            return

    def _greet(self, connection: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1000)
        except OSError:
            connection.close()


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    """The host is not sent to, and the message says which setting makes its certificate known."""
    with Host(tmp_path) as host, pytest.raises(MisconfigurationError, match="is not trusted") as caught:
        HttpClient(host.url, {}).get("/", {})
    assert "REQUESTS_CA_BUNDLE" in caught.value.fix


def test_a_host_that_asks_for_a_client_certificate(tmp_path: Path) -> None:
    """The message says what is missing, and where to put it, also where the host hangs up before it can say why."""
    with Host(tmp_path, wants_certificate=True) as host, pytest.raises(DeliveryError) as caught:
        HttpClient(host.url, {}, verify=str(tmp_path / "host.pem")).get("/", {})
    assert "client certificate" in str(caught.value)
    assert "MLFLOW_TRACKING_CLIENT_CERT_PATH" in caught.value.fix


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (None, "there is no such file"),
        (b"", "it holds no certificate and no private key"),
        (self_signed()[0], "it holds no private key"),
        (self_signed()[1], "it holds no certificate"),
        (b"".join(self_signed(BestAvailableEncryption(b"word"))), "its private key is encrypted"),
        (self_signed()[0] + self_signed()[1], "cannot be used"),
    ],
)
def test_a_client_certificate_that_is_none(tmp_path: Path, content: bytes | None, seen: str) -> None:
    """Before anything is sent, with the file and what it lacks."""
    path = tmp_path / "client.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MisconfigurationError, match=seen) as caught:
        HttpClient("https://127.0.0.1", {}, certificate=str(path))
    assert str(path) in caught.value.reason
    assert "MLFLOW_TRACKING_CLIENT_CERT_PATH" in caught.value.fix


def test_trusted_certificates_that_are_not_there(tmp_path: Path) -> None:
    """A mistyped path is no network that fails."""
    with pytest.raises(MisconfigurationError, match="no such file"):
        HttpClient("https://127.0.0.1", {}, verify=str(tmp_path / "none.pem"))


def test_trusted_certificates_that_are_none(tmp_path: Path) -> None:
    """A file of something else is named at once, not as a host that cannot be reached."""
    (tmp_path / "other.pem").write_text("not a certificate")
    with pytest.raises(MisconfigurationError, match="it holds no certificate") as caught:
        HttpClient("https://127.0.0.1", {}, verify=str(tmp_path / "other.pem"))
    assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in caught.value.fix


def test_a_host_that_is_silent_is_waited_for() -> None:
    """What never answers the handshake is a network that fails."""
    with silent_host() as port, pytest.raises(RetryableError, match="timed out"):
        HttpClient(f"https://127.0.0.1:{port}", {}, timeouts=(0.3, 0.3)).get("/", {})
