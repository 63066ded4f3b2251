"""The service that reverse proxies ask whether a request may pass."""

from oauth_guard.forward_auth.assertion import Assertion
from oauth_guard.forward_auth.identity_fields import IDENTITY_FIELDS
from oauth_guard.forward_auth.service import ForwardAuth

__all__ = ["IDENTITY_FIELDS", "Assertion", "ForwardAuth"]
