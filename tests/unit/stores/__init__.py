"""Tests of what is remembered, against a real server where one is meant."""
