"""Programs as users write them, for the type checker alone: nothing here is run."""
