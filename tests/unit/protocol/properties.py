"""How far properties are searched: the same examples in every run, and few enough to wait for."""

from hypothesis import settings

__all__ = ["BOUNDED"]

BOUNDED = settings(max_examples=200, derandomize=True, database=None, deadline=None)
