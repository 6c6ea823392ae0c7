"""Workspace folders."""

from __future__ import annotations

import posixpath
from typing import Any

from tests.servers.workspace.asked import Asked, FailedError, invalid, missing
from tests.servers.workspace.routing import Routes


class Folders:
    """Paths of folders, without the `/Workspace` that Databricks leaves away too."""

    def __init__(self, *paths: str) -> None:
        self.paths = {"/", *paths}
        self.forbidden: set[str] = set()
        """Folders in which nobody may make anything."""

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", "/api/2.0/workspace/mkdirs", self._mkdirs)
        routes.add("GET", "/api/2.0/workspace/get-status", self._get_status)
        routes.add("GET", "/api/2.0/workspace/list", self._list)

    def check_parent(self, path: str) -> None:
        """Raise unless something may be made at the path."""
        parent = posixpath.dirname(path)
        self._check_allowed(parent)
        if parent not in self.paths:
            raise missing(f"Parent directory {parent} does not exist.")

    def _mkdirs(self, asked: Asked) -> dict[str, Any]:
        path = canonical(asked.json()["path"])
        self._check_allowed(path)
        parts = path.split("/")
        self.paths |= {"/".join(parts[:length]) or "/" for length in range(1, len(parts) + 1)}
        return {}

    def _get_status(self, asked: Asked) -> dict[str, Any]:
        path = canonical(asked.query("path"))
        if path not in self.paths:
            raise missing(f"Path ({path}) doesn't exist.")
        return {"object_type": "DIRECTORY", "path": path, "object_id": 1}

    def _list(self, asked: Asked) -> dict[str, Any]:
        folder = canonical(asked.query("path"))
        below = [path for path in sorted(self.paths) if path != "/" and posixpath.dirname(path) == folder]
        return {"objects": [{"object_type": "DIRECTORY", "path": path} for path in below]}

    def _check_allowed(self, path: str) -> None:
        if any(path == folder or path.startswith(f"{folder}/") for folder in self.forbidden):
            raise FailedError(403, "PERMISSION_DENIED", f"You do not have Manage permissions on {path}.")


def canonical(path: str) -> str:
    """The path as Databricks keeps it."""
    if not path.startswith("/"):
        raise invalid(f"Path ({path}) must be absolute.")
    return path.removeprefix("/Workspace").rstrip("/") or "/"
