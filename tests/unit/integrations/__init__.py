"""The table of private names."""
