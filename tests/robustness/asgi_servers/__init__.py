"""Servers of other projects, each with the same guarded site."""
