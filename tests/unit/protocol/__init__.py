"""The rules, each held to its RFC and to whoever would break it."""
