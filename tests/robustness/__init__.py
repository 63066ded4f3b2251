"""Tests under load, over several processes, with arbitrary bytes and with foreign servers."""
