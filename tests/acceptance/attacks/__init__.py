"""The attacks of `test_attacks.py`: the requests, and how they are made."""
