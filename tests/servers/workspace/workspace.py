"""The workspace as a whole."""

from __future__ import annotations

from types import TracebackType

from typing_extensions import Self

from tests.servers.workspace.assessments import Assessments
from tests.servers.workspace.auth import Auth
from tests.servers.workspace.experiments import Experiments
from tests.servers.workspace.folders import Folders
from tests.servers.workspace.routing import Module
from tests.servers.workspace.runs import Runs
from tests.servers.workspace.server import Server
from tests.servers.workspace.storage import Storage
from tests.servers.workspace.traces import Traces
from tests.servers.workspace.unity_catalog import UnityCatalog

USER = "ada@example.com"
TOKEN = "dapi-ada"
CLIENT_ID = "a-service-principal"
CLIENT_SECRET = "its-secret"


class Workspace:
    """Two servers on free ports, the workspace and its artifact storage; use as a context manager.

    `more` modules (serving, genie, statement execution …) are mounted on the workspace's server.
    """

    def __init__(self, *more: Module) -> None:
        self.auth = Auth({TOKEN: USER}, {CLIENT_ID: CLIENT_SECRET})
        self.folders = Folders("/Users", f"/Users/{USER}", "/Shared")
        self.experiments = Experiments(self.folders)
        self.runs = Runs(self.experiments)
        self.storage = Storage()
        self.traces = Traces(self.experiments, self.storage)
        self.assessments = Assessments(self.traces)
        self.catalog = UnityCatalog(self.experiments)
        self.api = Server(self.auth.identify)
        self.storage_server = Server(lambda asked: "")
        self.storage.mount(self.storage_server.routes)
        about_runs: tuple[Module, ...] = (self.folders, self.experiments, self.runs)
        about_traces: tuple[Module, ...] = (self.traces, self.assessments, self.catalog)
        for module in (self.auth, *about_runs, *about_traces, *more):
            module.mount(self.api.routes)

    def __enter__(self) -> Self:
        self.api.listen()
        self.storage_server.listen()
        self.auth.url, self.storage.url = self.api.url, self.storage_server.url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.api.close()
        self.storage_server.close()

    @property
    def url(self) -> str:
        """The host, as DATABRICKS_HOST wants it."""
        return self.api.url

    @property
    def environment(self) -> dict[str, str]:
        """The environment of somebody who uses it with a personal access token."""
        return {"DATABRICKS_HOST": self.url, "DATABRICKS_TOKEN": TOKEN, "MLFLOW_TRACKING_URI": "databricks"}

    @property
    def machine_environment(self) -> dict[str, str]:
        """The environment of a service principal, as Databricks Apps set it."""
        credentials = {"DATABRICKS_CLIENT_ID": CLIENT_ID, "DATABRICKS_CLIENT_SECRET": CLIENT_SECRET}
        return {"DATABRICKS_HOST": self.url, "MLFLOW_TRACKING_URI": "databricks", **credentials}
