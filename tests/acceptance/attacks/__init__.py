"""The attacks of `test_attacks.py`: what they send, and how they are made."""
