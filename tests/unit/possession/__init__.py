"""Tests of oauth_guard.possession."""
