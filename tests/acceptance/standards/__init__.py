"""Tests of the conformance matrix, row by row, over plain ASGI."""
