"""KINDS: the objects that a table of a configuration file builds, by the type of the setting."""

from collections.abc import Callable, Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.scopes import ScopeExpression, scope

__all__ = [
    "FORWARD_AUTH",
    "GUARD",
    "KINDS",
    "MIDDLEWARE",
    "NEVER_DEFAULT",
    "any_scope",
    "builder",
    "lengths",
]

GUARD = "oauth_guard.guard:Guard"
MIDDLEWARE = "oauth_guard.middleware:OAuthGuardMiddleware"
FORWARD_AUTH = "oauth_guard.forward_auth:ForwardAuth"

_ISSUERS = {
    "jwt": "oauth_guard.issuers.jwt:JWTIssuer",
    "introspection": "oauth_guard.issuers.introspection:IntrospectionIssuer",
    "api keys": "oauth_guard.issuers.api_keys:ApiKeyIssuer",
    **{
        name: f"oauth_guard.issuers.presets:{name}"
        for name in ("auth0", "cognito", "entra", "google", "keycloak", "okta")
    },
}
_CLIENTS = {
    "secret basic": "ClientSecretBasic",
    "secret post": "ClientSecretPost",
    "private key jwt": "PrivateKeyJWT",
    "mutual tls": "MutualTLS",
    "bearer token": "BearerToken",
}

# They are named, not imported, since some need an extra. The first of several is the default.
KINDS: Mapping[str, Mapping[str, str]] = {
    "Issuer": _ISSUERS,
    "Tenants": {
        "tenants": "oauth_guard.issuers.tenants:Tenants",
        "entra_any_tenant": "oauth_guard.issuers.presets:entra_any_tenant",
    },
    "ClientAuthentication": {
        kind: f"oauth_guard.issuers.client_auth:{name}" for kind, name in _CLIENTS.items()
    },
    "HTTPClient": {"aiohttp": "oauth_guard.http.aiohttp_client:AiohttpClient"},
    "Store": {
        "redis": "oauth_guard.stores.redis:RedisStore",
        "memory": "oauth_guard.stores.memory:MemoryStore",
    },
    "Once": {"redis": "oauth_guard.stores.redis_once:RedisOnce"},
    "Notices": {"redis": "oauth_guard.stores.redis_notices:RedisNotices"},
    "DenyList": {"deny list": "oauth_guard.deny_list:DenyList"},
    "PolicyDecisionPoint": {
        "policy decision point": "oauth_guard.issuers.policy_decision_point:PolicyDecisionPoint"
    },
    "DPoP": {"dpop": "oauth_guard.possession:DPoP"},
    "Nonces": {"nonces": "oauth_guard.possession:Nonces"},
    "CertificateSource": {
        "tls": "oauth_guard.possession:TLSExtension",
        "forwarded": "oauth_guard.possession:ForwardedCertificate",
    },
    "JWKSCache": {"jwks cache": "oauth_guard.issuers.remote_keys:JWKSCache"},
    "EntraCloud": {"cloud": "oauth_guard.issuers.presets:EntraCloud"},
    "KeysOf": {"keys of": "oauth_guard.protocol.name_claims:KeysOf"},
    "range": {"lengths": "oauth_guard.config.kinds:lengths"},
    "Requirement": {"requirement": "oauth_guard.protocol.requirement:Requirement.of"},
    "ScopeExpression": {"any scope": "oauth_guard.config.kinds:any_scope"},
    "Rules": {"rules": "oauth_guard.protocol.rules:Rules"},
    "Assertion": {"assertion": "oauth_guard.forward_auth:Assertion"},
}
"""For the name of a type: the name of each kind, and what builds it as `module:name`."""

NEVER_DEFAULT = frozenset({"Tenants", "ScopeExpression"})
"""The types whose tables always name their kind, since another type has the default there."""


def builder(target: str) -> Callable[..., Any]:
    """Import what *target* names.

    Raises:
        ConfigurationError: It can't be imported.
    """
    module, _, name = target.partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{target!r} can't be imported: {error}.") from None
    built: Callable[..., Any] = found
    return built


def any_scope(scopes: tuple[str, ...]) -> ScopeExpression:
    """Return the expression that one of *scopes* satisfies.

    Raises:
        ConfigurationError: There is none, or one is malformed.
    """
    if not scopes:
        raise ConfigurationError("scopes names at least one scope.")
    return reduce(or_, map(scope, scopes))


def lengths(minimum: int, maximum: int) -> range:
    """Return the lengths from *minimum* to *maximum*, both included."""
    return range(minimum, maximum + 1)
