"""Tests of the service that reverse proxies ask."""
