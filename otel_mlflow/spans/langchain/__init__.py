"""LangChain's runs as spans."""
