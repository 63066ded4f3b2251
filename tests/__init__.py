"""The test suite: unit tests, acceptance tests, robustness tests, and the tools of the project."""
