"""Clients and tools of others for MCP, run against guarded servers."""
