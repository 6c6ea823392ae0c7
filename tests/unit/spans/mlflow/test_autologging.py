"""`tracing.autolog`: which flavours are on, and what is said of those that are not."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow import Settings, Tracing
from otel_mlflow.spans.mlflow.autologging import FlavourOff, disable_autologging, enable_autologging, expanded
from otel_mlflow.spans.mlflow.flavours import flavours, installed_flavours, missing_library
from otel_mlflow.spans.mlflow.other_instrumentations import other_instrumentations


@pytest.fixture
def library_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that libraries are imported from, and are gone from when the test is over."""
    before = set(sys.modules)
    folder = tmp_path / "libraries"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("crewai", "autogen_", "agno", "openinference")):
            del sys.modules[name]
    importlib.invalidate_caches()


def install(folder: Path, modules: dict[str, str]) -> None:
    """Put a library there."""
    for name, source in modules.items():
        path = folder.joinpath(*name.split("."), "__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    importlib.invalidate_caches()


def test_the_table_is_mlflow_s() -> None:
    """The import names of the libraries are not guessed from the flavours'."""
    table = flavours()
    assert {name: table[name] for name in ("autogen", "ag2", "mistral", "gemini", "llama_index")} == {
        "autogen": "autogen_agentchat",
        "ag2": "autogen",
        "mistral": "mistralai",
        "gemini": "google.genai",
        "llama_index": "llama_index.core",
    }
    assert "litellm" in table


def test_auto_is_every_flavour_whose_library_is_installed(library_folder: Path) -> None:
    """Beside those named, each once."""
    install(library_folder, {"crewai": ""})
    found = expanded(["auto", "langchain"])
    assert {"langchain", "crewai"} <= set(found)
    assert found == installed_flavours()
    assert "sklearn" not in found


def test_a_folder_that_is_named_like_a_library_is_none(library_folder: Path) -> None:
    """Python takes any folder on its path for a package, the working directory's included."""
    (library_folder / "crewai").mkdir()
    importlib.invalidate_caches()
    assert "crewai" not in expanded(["auto"])
    assert missing_library("crewai") == "crewai"


def test_auto_is_a_word_in_the_settings() -> None:
    """As it is, and in a list."""
    assert Settings(tracing={"autolog": "auto"}).tracing.autolog == ["auto"]


def test_a_library_that_is_not_installed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """In one line; what is on by default is not missed."""
    with caplog.at_level(logging.WARNING, "otel_mlflow"):
        assert enable_autologging(["autogen"]) == []
    assert [record.getMessage() for record in caplog.records] == [
        "tracing.autolog: 'autogen' is off, because autogen_agentchat is not installed."
    ]


def test_a_name_that_mlflow_does_not_have_is_told(fresh_process: None, caplog: pytest.LogCaptureFixture) -> None:
    """With the nearest, at start-up and in the status."""
    tracing = Tracing(Settings(tracing={"autolog": ["opnai"]}))
    status = tracing.status()
    tracing.shutdown()
    assert status.state == "degraded"
    assert "'opnai' is no flavour that MLflow can trace" in status.reason
    assert "'openai'" in status.fix
    assert sum("opnai" in record.getMessage() for record in caplog.records) == 1
    assert tracing.status().state != "degraded"


def test_a_part_of_mlflow_that_is_no_flavour_is_told() -> None:
    """`mlflow.data` is there, and traces nothing."""
    off: list[FlavourOff] = []
    assert enable_autologging(["data"], off.append) == []
    assert "no flavour" in off[0].reason


def test_a_flavour_that_patched_nothing_is_not_on(library_folder: Path) -> None:
    """AutoGen's classes are patched as they are when it is asked for: without any there is nothing."""
    client = "class ChatCompletionClient: ..."
    install(
        library_folder,
        {
            "autogen_agentchat": "",
            "autogen_agentchat.agents": "class BaseChatAgent: ...",
            "autogen_core": "",
            "autogen_core.models": client,
        },
    )
    off: list[FlavourOff] = []
    assert missing_library("autogen") is None
    assert enable_autologging(["autogen"], off.append) == []
    assert off[0].reason == "tracing.autolog: 'autogen' is off: MLflow found nothing to patch"


INSTRUMENTOR = """
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

class AgnoInstrumentor(BaseInstrumentor):
    def instrumentation_dependencies(self): return ()
    def _instrument(self, **kwargs): ...
    def _uninstrument(self, **kwargs): ...
"""


def test_a_flavour_that_has_an_instrumentation_trace_is_on(library_folder: Path) -> None:
    """MLflow patches nothing of Agno 2, it enables OpenInference's: which is no other instrumentation then."""
    install(library_folder, {"agno": "", "openinference.instrumentation.agno": INSTRUMENTOR})
    metadata = library_folder / "agno-2.0.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: agno\nVersion: 2.0.0\n")
    off: list[FlavourOff] = []
    try:
        assert (enable_autologging(["agno"], off.append), off) == (["agno"], [])
        assert other_instrumentations(["agno"]) == {}
    finally:
        disable_autologging(["agno"])


def test_a_flavour_whose_patches_fail_is_not_on(library_folder: Path) -> None:
    """MLflow logs an error about CrewAI and goes on: what it says is told."""
    install(library_folder, {"crewai": "__version__ = '0.50.0'"})
    off: list[FlavourOff] = []
    assert enable_autologging(["crewai"], off.append) == []
    assert "'crewai' is off: An exception happens when applying auto-tracing" in off[0].reason


def test_a_flavour_that_cannot_be_set_up_is_not_on(library_folder: Path) -> None:
    """Whatever MLflow stumbles over."""
    install(library_folder, {"crewai": ""})
    off: list[FlavourOff] = []
    assert enable_autologging(["crewai"], off.append) == []
    assert "could not be set up" in off[0].reason


def test_a_flavour_that_mlflow_refuses_is_not_on(library_folder: Path) -> None:
    """As Haystack's, which asks for a package beside the library; the application starts all the same."""
    refused = "from mlflow.exceptions import MlflowException\nraise MlflowException('install more')"
    install(library_folder, {"crewai": refused})
    off: list[FlavourOff] = []
    assert enable_autologging(["crewai"], off.append) == []
    assert "could not be set up" in off[0].reason
