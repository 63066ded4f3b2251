"""Arbitrary bytes in every input: the result is an identity, a rejection or an outage."""
