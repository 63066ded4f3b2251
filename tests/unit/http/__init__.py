"""Tests of oauth_guard.http."""
