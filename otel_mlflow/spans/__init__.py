"""OpenTelemetry spans become one MLflow trace."""
