"""Applications that go on without some of the private names of other packages."""
