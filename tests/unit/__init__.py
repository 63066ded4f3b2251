"""Tests that mirror the library, file by file."""
