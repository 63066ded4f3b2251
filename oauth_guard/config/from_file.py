"""FromConfig: gives a class the method `from_config`, which builds its object from a file."""

import os
from collections.abc import Mapping
from typing import Self, cast

from oauth_guard.config.from_config import guard_from_config

__all__ = ["FromConfig"]


class FromConfig:
    """Gives a guard the class method `from_config`."""

    @classmethod
    def from_config(
        cls, path: str | None = "oauth_guard.toml", environ: Mapping[str, str] = os.environ
    ) -> Self:
        """Return the guard that a file and the environment configure: see `guard_from_config`.

        Raises:
            ConfigurationError: A setting is wrong; the text begins with its file and line.
        """
        return cast("Self", guard_from_config(path, environ))
