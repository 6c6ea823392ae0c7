"""The libraries that checks work with, imported before the first of them needs one.

Importing takes a second or two, many on a busy machine: no check is to be given up for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_mlflow.delivery.destinations import libraries
from otel_mlflow.integrations import TABLE

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


def import_libraries(settings: Settings) -> None:
    """Import those that these settings lead to; what is missing is for the checks to tell."""
    libraries.import_libraries(settings)
    libraries.import_modules(("mlflow", *(row.module for each in TABLE.values() for row in each.names)))
