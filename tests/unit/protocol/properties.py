"""Hypothesis settings: 200 examples, the same ones in every run."""

from hypothesis import settings

__all__ = ["BOUNDED"]

BOUNDED = settings(max_examples=200, derandomize=True, database=None, deadline=None)
