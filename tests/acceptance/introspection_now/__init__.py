"""fresh=True, through every door."""
