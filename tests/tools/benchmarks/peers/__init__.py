"""What other libraries cost on the same paths, each in a process and an environment of its own."""
