"""local_issuers(): the issuers of a guard with the keys and endpoints of a local issuer."""

# ruff: noqa: SLF001 - copies issuers and replaces parts of the copies

import copy
from collections.abc import Mapping
from dataclasses import replace

from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.development import DevelopmentIssuer
from oauth_guard.issuers.discovery import Discovery, find_endpoints
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.issuers.introspection_faults import IntrospectionFaults
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.testing.issuer import LocalIssuer

__all__ = ["local_issuers"]

_CLIENT, _SECRET = "api", "secret"
_KEY_TIMES = JWKSCache()


def local_issuers(guard: Guard, local: LocalIssuer) -> list[Issuer]:
    """Return copies of the issuers of *guard* that have the name of *local* and use its keys.

    *local* follows the rules of the first one; see `LocalIssuer.follow`.

    Raises:
        ConfigurationError: The guard trusts several names, and *local* has none of them.
    """
    listed = map(_uncached, guard._issuers._issuers)
    entries = [each for each in listed if not isinstance(each, DevelopmentIssuer)]
    names = list(dict.fromkeys(each.issuer for each in entries))
    name = local.issuer if local.issuer in names or len(names) != 1 else names[0]
    entries = [each for each in entries if each.issuer == name]
    if not entries and not guard._issuers._directories:
        raise ConfigurationError(
            f"The guard trusts {' and '.join(names)}, and not {name}: give the local issuer one "
            "of these names, as in LocalIssuer(name)."
        )
    if entries:
        _follow(entries[0], local, guard.resource)
    copies = [_local(each, local) for each in entries]
    if not entries:  # a tenant, whose settings are known only to the function that finds it
        local.audience = guard.resource
        copies = [_with_default_rules(local)]
    local.introspection.clients.setdefault(_CLIENT, _SECRET)
    return copies


def _uncached(issuer: Issuer) -> Issuer:
    return issuer._issuer if isinstance(issuer, IntrospectionCache) else issuer


def _with_default_rules(local: LocalIssuer) -> JWTIssuer:
    urls: Mapping[str, str] = local.metadata
    return JWTIssuer(local.issuer, jwks_uri=urls["jwks_uri"], http=local.http, clock=local.clock)


def _follow(issuer: Issuer, local: LocalIssuer, resource: str) -> None:
    rules = ClaimRules(issuer.issuer)
    if isinstance(issuer, JWTIssuer | IntrospectionIssuer):
        rules = issuer._rules
    local.follow(rules, resource)


def _local(issuer: Issuer, local: LocalIssuer) -> Issuer:
    if isinstance(issuer, JWTIssuer):
        return _local_jwt_issuer(issuer, local)
    if isinstance(issuer, IntrospectionIssuer):
        return _local_introspection_issuer(issuer, local)
    return _with_default_rules(local)


def _local_jwt_issuer(issuer: JWTIssuer, local: LocalIssuer) -> JWTIssuer:
    made = copy.copy(issuer)
    if issuer._rules.algorithms & SYMMETRIC:  # the local issuer signs with a key instead
        made._rules = replace(issuer._rules, algorithms=frozenset({local.keys[0].algorithm}))
    made._keys = RemoteKeySet(_endpoints(local), cache=_KEY_TIMES, clock=local.clock)
    if isinstance(issuer._introspection, IntrospectionIssuer):
        made._introspection = _local_introspection_issuer(issuer._introspection, local)
    return made


def _local_introspection_issuer(
    issuer: IntrospectionIssuer, local: LocalIssuer
) -> IntrospectionIssuer:
    made = copy.copy(issuer)
    made._client, made._clock = ClientSecretBasic(_CLIENT, _SECRET), local.clock
    made._faults = IntrospectionFaults(issuer._rules, _CLIENT, clock=local.clock)
    made._endpoint = made._endpoint_client(_endpoints(local), local.clock)
    if issuer._keys is not None:
        made._keys = RemoteKeySet(_endpoints(local), cache=_KEY_TIMES, clock=local.clock)
    return made


def _endpoints(local: LocalIssuer) -> Discovery:
    urls = {
        "jwks_uri": local.metadata["jwks_uri"],
        "endpoint": local.metadata["introspection_endpoint"],
    }
    return find_endpoints(local.issuer, None, local.http, urls, insecure_http=True)
