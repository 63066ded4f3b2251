"""Tests of `oauth_guard.testing`."""
