"""Databricks: our code and the real clients against the workspace stand-in, over real HTTP."""
