"""Tests of the demo's authorization server, in process, by its endpoints and its pages."""
