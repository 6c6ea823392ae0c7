"""Tests of `otel_mlflow.settings`."""
