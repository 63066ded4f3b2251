"""The core of the suite with other interpreters, and with the lowest declared versions."""
