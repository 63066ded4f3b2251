"""Tools of the project that are tests themselves, or tested."""
