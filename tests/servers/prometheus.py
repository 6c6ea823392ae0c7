"""A real Prometheus, as Debian packages it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.ports import find_free_port
from tests.servers.process import ChildProcess, installed, until


def program(name: str) -> str:
    """Where one of its programs is."""
    return installed(name, "prometheus")


class Prometheus:
    """The process, scraping with a configuration of this repository's, every second."""

    def __init__(self, folder: Path, configuration: Path, target: str) -> None:
        config = yaml.safe_load(configuration.read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(configuration.parent / name) for name in config["rule_files"]]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        port = find_free_port()
        self.url = f"http://127.0.0.1:{port}"
        options = {
            "config.file": folder / "prometheus.yaml",
            "storage.tsdb.path": folder / "data",
            "web.listen-address": f"127.0.0.1:{port}",
        }
        command = [program("prometheus"), *(f"--{name}={value}" for name, value in options.items())]
        self._child = ChildProcess(command, folder=folder, environment={})
        until(self._is_ready, seconds=60, waiting_for=lambda: f"Prometheus; its log:\n{self._child.log[-4000:]}")

    def stop(self) -> None:
        """End it."""
        self._child.terminate()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """The rules that it has loaded."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=30)
        found: dict[str, Any] = answer.json()
        assert found["status"] == "success", f"{parameters}: {found}"
        data: dict[str, Any] = found["data"]
        return data

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).is_success
        except httpx.TransportError:
            return False
