"""Guarded applications with authorization servers of other projects, in their own processes."""
