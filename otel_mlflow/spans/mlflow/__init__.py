"""MLflow's own parts on the shared tracer provider, and what stands in for them."""
