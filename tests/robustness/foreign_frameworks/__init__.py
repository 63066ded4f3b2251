"""Frameworks and servers of other projects, which read the same paths as the guard or get none."""
