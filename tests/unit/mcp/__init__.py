"""Tests of the guard of MCP servers."""
