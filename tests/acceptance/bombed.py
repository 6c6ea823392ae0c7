"""Sends bodies that grow a thousandfold in a codec which their charset names; prints what came of it, as JSON.

    python -O -m tests.acceptance.bombed

`python -O` takes away the assertions by which Python's own codecs refuse to be asked for replacements.
"""

from __future__ import annotations

import base64
import bz2
import json
import resource
import sys
import zlib
from typing import Any

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

import otel_mlflow
from otel_mlflow.testing import capture

MEGABYTE = b"a" * 1_000_000


def compressed(megabytes: int) -> bytes:
    """Compress so many megabytes of one letter to some hundred bytes."""
    compressor = bz2.BZ2Compressor()
    return b"".join([*(compressor.compress(MEGABYTE) for _ in range(megabytes)), compressor.flush()])


BODIES = {
    "bz2": compressed(120),
    "zlib": zlib.compress(MEGABYTE * 55),
    "hex": b"61" * 30_000,
    "base64": base64.b64encode(b"a" * 30_000),
    "uu": b"begin 666 x\n!80\n \nend\n",
    "quopri": b"=61" * 20_000,
    "rot13": b"a" * 60_000,
    "punycode": b"a-" + b"99999" * 6_000,
    "idna": b"xn--" + b"a" * 60_000,
    "unicode_escape": b"\\N{BELL}" * 5_000,
    "undefined": b"a",
    "no-such-codec": b"a",
}


def make_app() -> FastAPI:
    """Make an application that says how much it received."""
    app = FastAPI()

    @app.post("/sink")
    async def sink(request: Request) -> dict[str, int]:
        return {"received": len(await request.body())}

    return app


def answers(app: FastAPI) -> dict[str, Any]:
    """Send each body, and collect what was answered."""
    client = TestClient(app)
    found = {}
    for charset, body in BODIES.items():
        answer = client.post("/sink", content=body, headers={"content-type": f"text/plain; charset={charset}"})
        found[charset] = [answer.status_code, answer.json()]
    return found


def main() -> None:
    """Ask the application with us, and without."""
    app = make_app()
    otel_mlflow.instrument(app, otel_mlflow.Settings())
    with capture() as traces:
        TestClient(app).post("/sink", content=b"warm")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        traced = answers(app)
        inputs = [len(json.dumps(trace.data.spans[0].inputs)) for trace in traces]
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    found = {"has_assertions": __debug__, "traced": traced, "untraced": answers(make_app()), "inputs": inputs}
    sys.stdout.write(json.dumps({**found, "grown_kilobytes": grown}) + "\n")


if __name__ == "__main__":
    main()
