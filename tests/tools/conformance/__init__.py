"""The conformance harness: holds the marked tests against the rows of `conformance.md`."""
