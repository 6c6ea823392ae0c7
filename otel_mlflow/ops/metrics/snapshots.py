"""What the workers of one service leave for each other, so that whichever is scraped can answer for all.

Each process writes its samples into a file of its own. A scrape answers with its own, live, and with the others' as
they were some seconds ago, told apart by the label `service_instance_id`. So each time series is one process's, only
ever grows, and ends with its process, which is what Prometheus's `rate()` is made for.

A process writes its file before it answers with what is in it: no other will ever answer with less.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from otel_mlflow.delivery.leases import host

logger = logging.getLogger("otel_mlflow")

SUFFIX = ".metrics.json"

KEPT_FOR = 300.0
"""Seconds that a file is answered with after its process has last written it: longer than scrapes are apart."""

Families = list[list[Any]]
"""Name, documentation, type and samples (name, labels, value) of each metric, as JSON values."""


class Snapshots:
    """The files of one service's processes on this host, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.instance = f"{host()}.{os.getpid()}-{secrets.token_hex(4)}"
        self._complained = False

    def write(self, families: Families) -> None:
        """Leave this process's samples for the others. Where the folder cannot be written to they are told alone."""
        path = self._folder / f"{self.instance}{SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished = path.with_suffix(".new")
            unfinished.write_text(json.dumps(families))
            unfinished.replace(path)
        except OSError as error:
            self._complain(error)

    def others(self) -> Iterator[tuple[str, Families]]:
        """What the other processes have left, by instance; what is of the long dead is removed."""
        for path in sorted(self._folder.glob(f"{host()}.*{SUFFIX}")):
            instance = path.name.removesuffix(SUFFIX)
            if instance != self.instance and (families := _read(path)) is not None:
                yield instance, families

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            logger.warning("metrics are of one worker only: %s cannot be written to: %s", self._folder, error)


def _read(path: Path) -> Families | None:
    try:
        if time.time() - path.stat().st_mtime > KEPT_FOR:
            path.unlink(missing_ok=True)
            return None
        found: Families = json.loads(path.read_text())
    except (OSError, ValueError):
        # Gone meanwhile, or of another version of ours: it is written again in a moment.
        return None
    return found


def labelled(families: Iterable[Families], instances: Iterable[str]) -> Families:
    """All samples of each metric together, as Prometheus wants them, each with its instance."""
    merged: dict[str, list[Any]] = {}
    for of_one, instance in zip(families, instances, strict=True):
        for name, documentation, kind, samples in of_one:
            into = merged.setdefault(name, [name, documentation, kind, []])
            into[3] += [
                [sample, {**labels, "service_instance_id": instance}, value] for sample, labels, value in samples
            ]
    return list(merged.values())
