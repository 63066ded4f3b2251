"""Tests of oauth_guard.issuers.presets."""
