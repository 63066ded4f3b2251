"""Builders: configured objects that tests of several packages use."""
