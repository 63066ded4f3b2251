"""The command `oauth-guard`; needs the extra `cli`."""

from oauth_guard.cli.application import app, main

__all__ = ["app", "main"]
