"""A model server that speaks the wire formats of OpenAI and Anthropic, and reports what it has served."""
