"""The conformance matrix, row by row, over plain ASGI."""
