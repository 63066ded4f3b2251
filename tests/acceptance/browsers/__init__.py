"""Guarded pages in a real browser."""
