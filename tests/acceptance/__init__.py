"""What the project promises, tested through its public surface."""
