"""Several guard processes that share what they know."""
