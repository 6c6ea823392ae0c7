"""Tests of `otel_mlflow.content`."""
