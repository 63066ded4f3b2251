"""Tests of oauth_guard.jose."""
