"""Apps for the workspace's acceptance tests."""
