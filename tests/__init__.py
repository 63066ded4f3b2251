"""The test suite: one test file for each source file, at the same path."""
