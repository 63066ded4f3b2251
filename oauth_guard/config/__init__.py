"""Configuration: a guard and its middleware from a TOML file and the environment."""

from oauth_guard.config.from_config import (
    Configuration,
    forward_auth_from_config,
    guard_from_config,
    load_config,
    middleware_from_config,
)

__all__ = [
    "Configuration",
    "forward_auth_from_config",
    "guard_from_config",
    "load_config",
    "middleware_from_config",
]
