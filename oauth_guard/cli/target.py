"""load_target(): the application that `module:name` names."""

import sys
from importlib import import_module
from typing import Any

from oauth_guard.errors import ConfigurationError

__all__ = ["load_target"]


def load_target(target: str) -> Any:
    """Import the application that *target* names, with the current folder on the path.

    Args:
        target: `module:name`, or `module:name()` for a function that returns the application.

    Raises:
        ConfigurationError: It names no application, or can't be imported.
    """
    module, _, name = target.partition(":")
    if not module or not name:
        raise ConfigurationError(f"{target!r} names no application: write module:name.")
    sys.path.insert(0, "")
    try:
        found: Any = import_module(module)
        for part in name.removesuffix("()").split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{target!r} can't be imported: {error}") from None
    return found() if name.endswith("()") else found
