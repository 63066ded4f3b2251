"""Tests of the demo's client application."""
