"""MLflow alone beside MLflow in an instrumented application: the same calls, the same traces."""
