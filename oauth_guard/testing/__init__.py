"""Test doubles for guarded applications: real signatures, no network, no mock objects."""

from oauth_guard.testing.asgi import LocalWebSocket
from oauth_guard.testing.issuer import LocalIssuer, SigningKey

__all__ = ["LocalIssuer", "LocalWebSocket", "SigningKey"]
