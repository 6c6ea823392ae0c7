"""Databricks' models for LangChain."""

from __future__ import annotations

import os

from databricks_langchain import ChatDatabricks

from tests.frameworks.libraries.langchain_agent import LangChain


class DatabricksLangChain(LangChain):
    """A served model."""

    def __init__(self) -> None:
        os.environ.update(DATABRICKS_HOST=os.environ["OPENAI_BASE_URL"].removesuffix("/v1"), DATABRICKS_TOKEN="x")
        super().__init__(ChatDatabricks(endpoint="gpt-4o-mini", max_retries=0, stream_usage=True))
