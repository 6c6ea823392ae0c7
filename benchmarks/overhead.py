"""What tracing costs a request, and what of it arrives: the alternatives and ours against one live MLflow server.

    python -m benchmarks.overhead [--requests 3400] [--inner-spans 0 5] [--routes 10 2000]

Machines are noisy: compare within one table, and quote ratios.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import routes
from benchmarks.burst import WARM_UP, Figures, stay_aside
from benchmarks.variants import VARIANTS
from tests.servers.mlflow_server import MlflowServer

COLUMNS = (
    f"{'':<40}{'p50 µs':>9}{'added':>8}{'of instr.':>10}{'p99.9 µs':>10}{'stall ms':>10}{'CPU µs':>9}{'stored':>14}"
)
STORES = (
    "… with batch processor and OTLP",
    "mlflow.start_span in the handler",
    "otel-mlflow",
    "otel-mlflow, freeze_heap",
)


def main() -> None:
    """Run every variant once for each number of inner spans, and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3400, help="requests in the burst (default: 3400)")
    parser.add_argument("--inner-spans", type=int, nargs="+", default=[0, 5], help="spans in each handler")
    parser.add_argument("--routes", type=int, nargs="+", default=[10, 2000], help="routes of the application")
    arguments = parser.parse_args()
    stay_aside()
    with tempfile.TemporaryDirectory() as folder:
        server = MlflowServer(Path(folder))
        try:
            for inner in arguments.inner_spans:
                _table(server.url, Path(folder), inner, arguments.requests)
        finally:
            server.stop()
    routes.print_table(arguments.routes)


def _table(uri: str, folder: Path, inner: int, requests: int) -> None:
    print(f"\n{requests} requests, {inner} spans opened by the handler of each\n{COLUMNS}")
    rows = dict(_runs(uri, folder, inner, requests))
    base = rows["no tracing"].p50_us
    reference = rows["FastAPI instrumentation, no exporter"].p50_us - base
    for name, row in rows.items():
        added = row.p50_us - base
        stored = f"{_stored(uri, _experiment(name, inner))} of {requests + WARM_UP}" if name in STORES else "–"
        print(
            f"{name:<40}{row.p50_us:>9.0f}{added:>8.0f}{added / reference:>10.2f}{row.p999_us:>10.0f}"
            f"{row.longest_stall_ms:>10.1f}{row.cpu_us:>9.0f}{stored:>14}"
        )


def _runs(uri: str, folder: Path, inner: int, requests: int) -> Iterator[tuple[str, Figures]]:
    for name in VARIANTS:
        spool = folder / f"spool-{inner}"
        words = [name, str(inner), str(requests), uri, _experiment(name, inner), str(spool)]
        child = subprocess.run([sys.executable, "-m", "benchmarks.burst", *words], stdout=subprocess.PIPE, check=True)
        yield name, Figures(**json.loads(child.stdout.splitlines()[-1]))


def _experiment(name: str, inner: int) -> str:
    return f"{name} ({inner})"


def _stored(uri: str, experiment: str) -> int:
    """Traces that the server holds, counted page by page through its own search."""
    found = _post(f"{uri}/ajax-api/2.0/mlflow/experiments/search", {"max_results": 1000})["experiments"]
    identity = next(item["experiment_id"] for item in found if item["name"] == experiment)
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": identity}}
    stored, token = 0, ""
    while True:
        page = _post(
            f"{uri}/api/3.0/mlflow/traces/search",
            {"locations": [location], "max_results": 500, **({"page_token": token} if token else {})},
        )
        stored += len(page.get("traces", []))
        token = page.get("next_page_token", "")
        if not token:
            return stored


def _post(url: str, body: object) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
