"""Imported by Python as it starts, in every process below `otel-mlflow run`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("otel_mlflow") is not None:
    from otel_mlflow.autoinstrument import chain, hooks

    hooks.install()
    chain.import_next_sitecustomize(Path(__file__).parent)
else:
    sys.stderr.write(f"otel-mlflow: nothing is traced, because {sys.executable} has no otel_mlflow installed\n")
