"""OAuth 2.0 resource server for ASGI: validates access tokens and attaches the identity."""

from oauth_guard.errors import (
    ConfigurationError,
    IssuerUnavailable,
    OAuthGuardError,
    RequestRejected,
)
from oauth_guard.guard import Guard
from oauth_guard.issuers.client_auth import ClientSecretBasic, PrivateKeyJWT
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.middleware import OAuthGuardMiddleware
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.identity import ANONYMOUS, Identity, current_identity
from oauth_guard.protocol.name_claims import KeysOf
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.rules import Rules
from oauth_guard.protocol.scopes import scope
from oauth_guard.renewal import renew
from oauth_guard.stores.memory import MemoryStore

__version__ = "0.1.0"

__all__ = [
    "ANONYMOUS",
    "AccessToken",
    "ClientSecretBasic",
    "ConfigurationError",
    "Guard",
    "Identity",
    "IntrospectionIssuer",
    "IssuerUnavailable",
    "JWTIssuer",
    "KeysOf",
    "MemoryStore",
    "OAuthGuardError",
    "OAuthGuardMiddleware",
    "PrivateKeyJWT",
    "RequestRejected",
    "Requirement",
    "Rules",
    "current_identity",
    "renew",
    "scope",
]
