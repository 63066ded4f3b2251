"""read_secret(): the secret in a file of its own, which others must not be able to read."""

import os
import stat

from oauth_guard.errors import ConfigurationError

__all__ = ["read_secret"]

_MAX_BYTES = 64 * 1024


def read_secret(path: str) -> bytes:
    """Return the content of the file at *path*, without line breaks at its end if it is ASCII.

    Raises:
        ConfigurationError: The file can't be read, is empty or longer than 64 KiB, or every user
            of the machine may read it.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the file that is checked is the one read
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the file {path} can't be read: {error.strerror}.") from None
    if mode & stat.S_IROTH:
        raise ConfigurationError(f"the file {path} is readable by everybody: chmod o= {path}")
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"the file {path} is longer than 64 KiB: it is no secret.")
    secret = content.rstrip(b"\r\n") if content.isascii() else content
    if not secret:
        raise ConfigurationError(f"the file {path} is empty.")
    return secret
