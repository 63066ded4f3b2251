"""Tests of the shell commands that set up, check and start; every program they call is a stub."""
