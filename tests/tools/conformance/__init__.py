"""The conformance report: compares the marked tests with the rows of `conformance.md`."""
