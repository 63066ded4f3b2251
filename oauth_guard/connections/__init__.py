"""Connections that last longer than a request, and end with their token."""
