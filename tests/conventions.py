"""What other instrumentations say of their spans, in three conventions: "asked", "answered", 7 tokens and 3."""

from __future__ import annotations

Attributes = dict[str, str | int]

GEN_AI: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "acme",
    "gen_ai.request.model": "small",
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.input.messages": '[{"role": "user", "content": "asked"}]',
    "gen_ai.output.messages": '[{"role": "assistant", "content": "answered"}]',
}
ANSWER = [{"role": "assistant", "content": "answered"}]
GEN_AI_TOOL: Attributes = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "search",
    "gen_ai.tool.call.arguments": '{"query": "asked"}',
    "gen_ai.tool.call.result": '"answered"',
}
OPEN_INFERENCE: Attributes = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "small",
    "llm.token_count.prompt": 7,
    "llm.token_count.completion": 3,
    "llm.token_count.total": 10,
    "input.value": '{"question": "asked"}',
    "output.value": "answered",
}
TRACELOOP: Attributes = {
    "traceloop.span.kind": "agent",
    "gen_ai.system": "acme",
    "gen_ai.usage.prompt_tokens": 7,
    "gen_ai.usage.completion_tokens": 3,
    "llm.usage.total_tokens": 10,
    "traceloop.entity.input": '{"question": "asked"}',
    "traceloop.entity.output": '{"answer": "answered"}',
}
