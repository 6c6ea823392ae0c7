"""How each library is called. They are imported in their own environments alone."""
