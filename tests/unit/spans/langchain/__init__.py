"""OpenTelemetry spans become MLflow traces."""
