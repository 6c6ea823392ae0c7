"""Secrets planted in hundreds of requests: not one byte of one is in the spool, or in MLflow.

Each request also carries a word that is no secret, and that word is in both: so what is searched is what was kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acceptance.service import Service
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.unit.content.planted import cores, documents, queries, texts

REQUESTS = 200
KNOWN_WORD = "WellKnownWord"
HEADERS = ("Authorization", "Cookie", "X-Api-Key", "X-Forwarded-Access-Token", "X-Request-ID", "User-Agent")


@dataclass(frozen=True)
class Planted:
    """A request, and the secrets in it."""

    secrets: tuple[str, ...]
    path: str
    headers: dict[str, str]
    body: bytes


@st.composite
def requests(draw: st.DrawFn) -> Planted:
    """Draw a request with a secret in its path, its query string, its headers, and twice in its body."""
    token, (in_query, query), header, (in_body, document), (in_text, text) = (
        draw(cores),
        draw(queries()),
        draw(cores),
        draw(documents()),
        draw(texts()),
    )
    body = {"document": [document, KNOWN_WORD], "text": text, "fails": draw(st.booleans())}
    return Planted(
        secrets=(token, in_query, header, in_body, in_text),
        path=f"/pass-on/{quote(f'dapi{token}')}?{query}",
        headers={
            draw(st.sampled_from(HEADERS)): f"Bearer {header}",
            "X-Note": f"token={header}",
            "Content-Type": "application/json",
        },
        body=json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"),
    )


@dataclass
class Served:
    """What was asked, and where it is kept."""

    service: Service
    proxy: CuttingProxy
    secrets: list[str] = field(default_factory=list)

    def ask(self, client: httpx.Client, planted: Planted) -> None:
        """Make a request; half of them fail."""
        answer = client.post(planted.path, content=planted.body, headers=planted.headers)
        assert answer.status_code in (200, 500), answer.text
        self.secrets += planted.secrets


@pytest.fixture(scope="module")
def served(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An application that has served all requests while MLflow takes nothing."""
    with ExitStack() as ended:
        proxy = ended.enter_context(CuttingProxy(mlflow_server.url, cuts=1_000_000_000))
        folder = tmp_path_factory.mktemp("secrets")
        service = Service("tests.acceptance.apps.secrets:served", folder=folder, tracking_uri=proxy.url)
        ended.callback(service.server.terminate)
        # A connection for each: the server closes those on which the application has raised.
        limits = httpx.Limits(max_keepalive_connections=0)
        client = ended.enter_context(httpx.Client(base_url=service.server.url, timeout=60, limits=limits))
        served = Served(service, proxy)

        # The same requests each time: what a person should look at must not depend on luck.
        @settings(max_examples=REQUESTS, derandomize=True, database=None)
        @given(requests())
        def ask(planted: Planted) -> None:
            served.ask(client, planted)

        ask()
        yield served


def kept_in(folder: Path, *names: str) -> bytes:
    """All bytes of the files there."""
    found = [path for name in names for path in sorted(folder.rglob(name)) if path.is_file()]
    return b"\n".join(path.read_bytes() for path in found)


def leaked(secrets: list[str], kept: bytes) -> list[str]:
    """Those of the secrets that are in there, in whatever letters a name or a header may be written."""
    lowered = kept.lower()
    return [secret for secret in secrets if secret.lower().encode() in lowered]


def test_no_secret_is_in_the_spool_or_at_the_server(served: Served, mlflow_server: MlflowServer) -> None:
    """First all wait on disk, then all are delivered: traces and feedback."""
    expected = len(served.secrets) // 5
    assert expected >= REQUESTS
    until(
        lambda: served.service.get("/health").json() == expected,
        seconds=60,
        waiting_for=lambda: f"{expected} traces on disk, not {served.service.get('/health').json()}",
    )
    spooled = kept_in(served.service.server.folder / "spool", "*")
    assert spooled.count(KNOWN_WORD.encode()) >= expected
    assert leaked(served.secrets, spooled) == []

    served.proxy.cuts = 0
    until(lambda: served.service.get("/health").json() == 0, seconds=120, waiting_for=lambda: served.service.server.log)
    served.service.flush()
    stored = kept_in(mlflow_server.folder, "mlflow.db*", "artifacts/*")
    assert stored.count(KNOWN_WORD.encode()) >= expected
    assert leaked(served.secrets, stored) == []
