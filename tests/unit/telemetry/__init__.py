"""Tests of the metrics, audit lines and health probes."""
