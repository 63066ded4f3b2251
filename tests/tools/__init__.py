"""The tools of the project: architecture rules, benchmarks, conformance report and commands."""
