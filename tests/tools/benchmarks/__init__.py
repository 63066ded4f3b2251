"""What the guard costs, as ratios to the bare application: `python -m tests.tools.benchmarks`."""
