"""Databricks: where, as whom, and into which experiment."""
