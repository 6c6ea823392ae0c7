"""The table of private names, and applications that go on without some of them."""
