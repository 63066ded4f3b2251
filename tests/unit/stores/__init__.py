"""Tests of the stores; those of `RedisStore` use a real server."""
