"""The cost of other libraries on the same paths, each in its own process and environment."""
