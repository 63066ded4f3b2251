"""introspect=True, through every door."""
