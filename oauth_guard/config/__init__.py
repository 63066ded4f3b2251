"""Configuration: a guard and its middleware from a TOML file and the environment."""

from oauth_guard.config.from_config import (
    Configuration,
    forward_auth_from_config,
    guard_from_config,
    load_config,
    middleware_from_config,
)
from oauth_guard.config.from_file import FromConfig

__all__ = [
    "Configuration",
    "FromConfig",
    "forward_auth_from_config",
    "guard_from_config",
    "load_config",
    "middleware_from_config",
]
