"""Each part on its own: no server, no network."""
