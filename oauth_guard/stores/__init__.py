"""Implementations of `Store`: in memory, in Redis, and sealed over another store."""
