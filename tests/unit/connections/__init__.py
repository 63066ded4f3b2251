"""Tests of open connections: see connections/ in the library."""
