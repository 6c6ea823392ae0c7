"""Ending runs that requests have left open on another server than the one that takes their traces."""

from __future__ import annotations

import logging
import os
import queue
import threading

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from otel_mlflow.outside import own_thread

logger = logging.getLogger("otel_mlflow")


class RunEnder:
    """One thread for all of them: ending a run takes an answer from the server, which may take its time."""

    _waiting: queue.SimpleQueue[tuple[str, str, str]]
    _thread: threading.Thread | None
    _lock: threading.Lock

    def __init__(self) -> None:
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def end(self, run_id: str, status: str, tracking_uri: str) -> None:
        """End the run soon."""
        self._waiting.put((run_id, status, tracking_uri))
        with self._lock:
            if self._thread is None:
                self._thread = own_thread(self._work, "otel-mlflow-runs")
                self._thread.start()

    def _begin(self) -> None:
        self._waiting = queue.SimpleQueue()
        self._thread = None
        self._lock = threading.Lock()

    def _work(self) -> None:
        while True:
            run_id, status, tracking_uri = self._waiting.get()
            try:
                MlflowClient(tracking_uri=tracking_uri).set_terminated(run_id, status)
            except MlflowException as error:
                logger.warning("run %s, left open by its request, could not be ended as %s: %s", run_id, status, error)


RUN_ENDER = RunEnder()
"""That of this process."""
