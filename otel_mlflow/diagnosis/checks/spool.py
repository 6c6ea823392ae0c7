"""Whether undelivered traces can be kept on disk."""

from __future__ import annotations

import contextlib
import getpass
import shutil

from otel_mlflow.delivery.clock import SYSTEM_CLOCK
from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.delivery.storage import SpoolLostError, Storage
from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup

MEGABYTE = 1024 * 1024


def check(setup: Setup) -> CheckResult:
    """Write something into the spool as delivery does, and delete it again."""
    delivery = setup.settings.delivery
    folder = delivery.spool_dir
    storage = Storage(
        folder, destination=destination_key(setup.settings), max_bytes=delivery.max_spool_bytes, clock=SYSTEM_CLOCK
    )
    try:
        # What is wrong is the storage's to say, below.
        with contextlib.suppress(SpoolLostError), storage.using() as spool:
            spool.prove_room()
        trouble = storage.trouble
    finally:
        storage.close()
    if trouble is not None:
        return fail(trouble.reason, trouble.fix)
    free = shutil.disk_usage(folder).free
    found = f"{folder} can be written to by {getpass.getuser()}, with {free // MEGABYTE} MB free"
    if free < delivery.max_spool_bytes:
        bound = delivery.max_spool_bytes // MEGABYTE
        return warn(f"{found}, less than the {bound} MB it may grow to", "make room, or lower delivery.max_spool_bytes")
    return ok(found)
