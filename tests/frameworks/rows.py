"""The rows of the matrix: each framework, the module that says how it is called, and the environment that has it."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

from tests.frameworks.framework import Framework


@dataclass(frozen=True)
class Row:
    """`called` is `module:class` below `tests.frameworks.libraries`; the version shown is the distribution's."""

    name: str
    distribution: str
    called: str
    environment: str = "newest"


ROWS = (
    Row("OpenAI", "openai", "openai_client:OpenAIClient"),
    Row("OpenAI responses", "openai", "openai_client:OpenAIResponses"),
    Row("OpenAI, MLflow + OpenInference + Traceloop", "openai", "openai_client:OpenAIThrice"),
    Row("OpenAI, OpenInference + Traceloop", "openai", "openai_client:OpenAITwice"),
    Row("OpenAI, Logfire", "openai", "openai_client:OpenAILogfire"),
    Row("OpenAI, MLflow + Logfire", "openai", "openai_client:OpenAIMlflowLogfire"),
    Row("OpenAI, MLflow + LangSmith", "openai", "openai_client:OpenAILangSmith"),
    Row("Anthropic", "anthropic", "anthropic_client:AnthropicClient"),
    Row("Anthropic, MLflow + OpenInference + Traceloop", "anthropic", "anthropic_client:AnthropicThrice"),
    Row("Anthropic, OpenInference + Traceloop", "anthropic", "anthropic_client:AnthropicTwice"),
    Row("Gemini", "google-genai", "gemini_client:Gemini"),
    Row("OpenAI Agents", "openai-agents", "openai_agents:OpenAIAgents"),
    Row("pydantic-ai", "pydantic-ai-slim", "pydantic_ai_agent:PydanticAI"),
    Row("pydantic-ai, autolog: auto", "pydantic-ai-slim", "pydantic_ai_agent:PydanticAIAuto"),
    Row("LiteLLM", "litellm", "litellm_client:LiteLLM"),
    Row("LiteLLM, autolog: auto", "litellm", "litellm_client:LiteLLMAuto"),
    Row("DSPy", "dspy", "dspy_module:DSPy"),
    Row("DSPy, autolog: auto", "dspy", "dspy_module:DSPyAuto"),
    Row("LangChain OpenAI", "langchain-openai", "langchain_models:LangChainOpenAI"),
    Row("LangChain OpenAI, MLflow's openai too", "langchain-openai", "langchain_models:LangChainOverOpenAI"),
    Row("LangChain Anthropic", "langchain-anthropic", "langchain_models:LangChainAnthropic"),
    Row("LangChain OpenAI, ours + OpenInference", "langchain-openai", "langchain_models:LangChainOpenInference"),
    Row("LangChain OpenAI, ours + Traceloop", "langchain-openai", "langchain_models:LangChainTraceloop"),
    Row("LangChain OpenAI, ours + LangSmith", "langchain-openai", "langchain_models:LangChainLangSmith"),
    Row("smolagents", "smolagents", "smol_agents:SmolAgents"),
    Row("smolagents, autolog: auto", "smolagents", "smol_agents:SmolAgentsAuto"),
    Row("Haystack", "haystack-ai", "haystack_agent:Haystack"),
    Row("Haystack, autolog: auto", "haystack-ai", "haystack_agent:HaystackAuto"),
    Row("Google ADK", "google-adk", "google_adk_agent:GoogleADK"),
    Row("Google ADK, autolog: auto", "google-adk", "google_adk_agent:GoogleADKAuto"),
    Row("MCP", "mcp", "mcp_client:MCP"),
    Row("FastMCP", "fastmcp", "mcp_client:FastMCP"),
    Row("Strands", "strands-agents", "strands_agent:Strands", "openai2"),
    Row("Strands, autolog: auto", "strands-agents", "strands_agent:StrandsAuto", "openai2"),
    Row("LlamaIndex", "llama-index-core", "llama_index_agent:LlamaIndex", "openai2"),
    Row("LlamaIndex, autolog: auto", "llama-index-core", "llama_index_agent:LlamaIndexAuto", "openai2"),
    Row("CrewAI", "crewai", "crewai_crew:CrewAI", "openai2"),
    Row("CrewAI, autolog: auto", "crewai", "crewai_crew:CrewAIAuto", "openai2"),
    Row("Agno", "agno", "agno_agent:AgnoAgent", "openai2"),
    Row("Agno, autolog: auto", "agno", "agno_agent:AgnoAuto", "openai2"),
    Row("AutoGen", "autogen-agentchat", "autogen_agent:AutoGen", "protobuf5"),
    Row("AutoGen, autolog: auto", "autogen-agentchat", "autogen_agent:AutoGenAuto", "protobuf5"),
    Row("Semantic Kernel", "semantic-kernel", "semantic_kernel_agent:SemanticKernel", "protobuf5"),
    Row(
        "Semantic Kernel, autolog: auto",
        "semantic-kernel",
        "semantic_kernel_agent:SemanticKernelAuto",
        "protobuf5",
    ),
    Row(
        "Semantic Kernel, own provider, autolog: auto",
        "semantic-kernel",
        "semantic_kernel_agent:SemanticKernelBesideProvider",
        "protobuf5",
    ),
    Row("Databricks LangChain", "databricks-langchain", "databricks_langchain:DatabricksLangChain", "protobuf5"),
)


def row_named(name: str) -> Row:
    """The row of that name."""
    return next(row for row in ROWS if row.name == name)


def framework_class(row: Row) -> type[Framework]:
    """The framework of a row. Imports its library."""
    module, made = row.called.split(":")
    found: type[Framework] = getattr(importlib.import_module(f"tests.frameworks.libraries.{module}"), made)
    return found


def result_file(row: Row, folder: Path) -> Path:
    """Where what a row has left is written."""
    return folder / f"{re.sub('[^a-z0-9]+', '-', row.name.lower())}.json"
