"""YAML and JSON in the manual is what its title says: our settings, an app's manifest, a collector's configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_mlflow import Settings
from tests.manual.markdown import Block, blocks

OF_CONTAINERS = {"Deployment", "Service", "PersistentVolumeClaim", "Secret", "ConfigMap"}


@pytest.mark.parametrize("block", blocks("yaml", "json"), ids=str)
def test_data_can_be_used(block: Block, tmp_path: Path) -> None:
    """By whom it is for."""
    if block.language == "json":
        json.loads(block.text)
    else:
        KINDS[block.title](block.text, tmp_path)


def check_settings(text: str, folder: Path) -> None:
    """Settings of ours: each key is one."""
    (folder / "mlflow.yaml").write_text(text, encoding="utf-8")
    assert Settings.load(folder / "mlflow.yaml").sources


def check_databricks_app(text: str, folder: Path) -> None:
    """A manifest of Databricks Apps."""
    manifest = yaml.safe_load(text)
    assert set(manifest) <= {"command", "env"}
    assert all(isinstance(word, str) for word in manifest["command"])
    assert all(set(each) in ({"name", "value"}, {"name", "valueFrom"}) for each in manifest.get("env", []))


def check_bundle(text: str, folder: Path) -> None:
    """Jobs of a Databricks asset bundle: each task uses an environment that there is."""
    for job in yaml.safe_load(text)["resources"]["jobs"].values():
        environments = {each["environment_key"] for each in job["environments"]}
        assert {task["environment_key"] for task in job["tasks"]} <= environments


def check_kubernetes(text: str, folder: Path) -> None:
    """Objects of Kubernetes; what a container mounts is a volume of its pod."""
    for each in yaml.safe_load_all(text):
        assert each["kind"] in OF_CONTAINERS
        assert each["metadata"]["name"]
        if each["kind"] == "Deployment":
            check_pod(each["spec"]["template"]["spec"])


def check_pod(pod: dict[str, Any]) -> None:
    """Its mounts and volumes go together."""
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
    assert mounts == volumes


def check_collector(text: str, folder: Path) -> None:
    """OpenTelemetry's Collector: pipelines are made of what is configured."""
    configuration = yaml.safe_load(text)
    for pipeline in configuration["service"]["pipelines"].values():
        for part, names in pipeline.items():
            assert set(names) <= set(configuration[part]), part


def check_prometheus(text: str, folder: Path) -> None:
    """What Prometheus scrapes: a job with targets each."""
    for job in yaml.safe_load(text)["scrape_configs"]:
        assert job["job_name"]
        assert job["static_configs"]


KINDS: dict[str, Callable[[str, Path], None]] = {
    "": check_settings,
    "config/mlflow.yaml": check_settings,
    "app.yaml": check_databricks_app,
    "databricks.yml": check_bundle,
    "deployment.yaml": check_kubernetes,
    "collector.yaml": check_collector,
    "prometheus.yaml": check_prometheus,
}
