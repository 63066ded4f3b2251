"""Several guard processes that share introspection results in one store."""
