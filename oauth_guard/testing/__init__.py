"""The kit for testing what is guarded: no network, no mock, real signatures."""

from oauth_guard.testing.asgi import LocalWebSocket
from oauth_guard.testing.issuer import LocalIssuer, SigningKey

__all__ = ["LocalIssuer", "LocalWebSocket", "SigningKey"]
