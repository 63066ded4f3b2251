"""Load, several processes, fuzzing and foreign servers."""
