"""Tests of configuration files."""
