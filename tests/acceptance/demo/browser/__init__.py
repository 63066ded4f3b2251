"""Tests of the demo in Chromium."""
