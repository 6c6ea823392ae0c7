"""The cells that are not exact through no fault of ours, and whose it is."""

from __future__ import annotations

_LOGFIRE = "Logfire tells the end of a stream, and the tokens, in a second span about the same call"
_AGENTS = "with MLflow alone, too, a streamed answer of OpenAI Agents has no tokens: its usage is nowhere in the span"
_DSPY = "MLflow's dspy has the tokens on the span round the call (`Predict.forward`), not on the call's"
_LITELLM = "with MLflow alone, too, LiteLLM tells nobody of a stream that is not read to its end: the call has no span"
_SMOLAGENTS = "MLflow's smolagents patches `Model.__call__`, and smolagents 1.26 calls `generate`: no call is traced"
_GEMINI = "MLflow's gemini patches no streaming: the call has no span"
_GEMINI_TOOL = (
    "MLflow's gemini has on the span round several calls the tokens of the last one, and MLflow adds up no others"
)
_CREWAI = "MLflow's crewai patches a module that CrewAI 1.15 no longer has: it is off, which is said at start-up"
_CREWAI_AUTO = f"{_CREWAI}; the client's calls are below no agent's span"
_AUTOGEN = "MLflow's autogen does not tell which model was called"
_AUTOGEN_THREAD = "AutoGen calls a function in a thread without the context: what is opened there begins a trace"
_HAYSTACK = "MLflow's haystack tells the types of pipelines and their components, not those of an agent's steps"
_AUTOGEN_TOOL = f"{_AUTOGEN}, and {_AUTOGEN_THREAD}"
_LLAMA_INDEX = (
    "with MLflow alone, too, a streamed call of LlamaIndex is two spans beside each other: LlamaIndex calls OpenAI's "
    "client when its own span is not current any more"
)


def _cells(row: str, columns: str, reason: str) -> dict[tuple[str, str], str]:
    return {(row, column): reason for column in columns.split(", ")}


KNOWN: dict[tuple[str, str], str] = {
    **_cells("OpenAI, Logfire", "streamed, client gone", _LOGFIRE),
    **_cells("Gemini", "streamed, client gone", _GEMINI),
    **_cells("Gemini", "tools", _GEMINI_TOOL),
    **_cells("OpenAI Agents", "streamed", _AGENTS),
    **_cells("DSPy", "sync, async, 10 at once", _DSPY),
    **_cells("LiteLLM", "client gone", _LITELLM),
    **_cells("smolagents", "sync, async, tools, 10 at once, error", _SMOLAGENTS),
    **_cells("Haystack", "sync, async, tools, 10 at once, error", _HAYSTACK),
    **_cells("CrewAI", "sync, async, tools, 10 at once, error", _CREWAI),
    **_cells("CrewAI, autolog: auto", "sync, async, tools, 10 at once, error", _CREWAI_AUTO),
    **_cells("AutoGen, autolog: auto", "tools", _AUTOGEN_THREAD),
    **_cells("Haystack, autolog: auto", "tools", _HAYSTACK),
    **_cells("LlamaIndex, autolog: auto", "streamed, client gone", _LLAMA_INDEX),
    **_cells("AutoGen", "async, 10 at once", _AUTOGEN),
    **_cells("AutoGen", "tools", _AUTOGEN_TOOL),
}
"""Row and column → whose fault it is, and what is seen. A cell that has become exact has to leave the table."""
