"""The cost of the guard, relative to the bare application: `python -m tests.tools.benchmarks`."""
