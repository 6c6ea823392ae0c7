"""MLflow's support for LangChain is imported here, where its warnings about its own type hints are nobody's errors."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow.langchain.langchain_tracer  # noqa: F401
