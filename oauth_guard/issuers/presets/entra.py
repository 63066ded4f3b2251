"""Presets of Microsoft Entra ID: for one tenant, or for any tenant."""

import dataclasses
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Unpack

from oauth_guard.errors import ConfigurationError
from oauth_guard.http.fetcher import Document, Fetcher
from oauth_guard.interfaces import Clock, KeySource
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.issuers.presets.settings import OPENID_CONFIGURATION, PresetSettings, preset
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.urls import origins_of

__all__ = ["entra", "entra_any_tenant"]

_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOGIN = "https://login.microsoftonline.com/{tenantid}"
_VERSIONS = {
    "2.0": ("azp", f"{_LOGIN}/v2.0", f"{_LOGIN}/v2.0{OPENID_CONFIGURATION}"),
    "1.0": ("appid", "https://sts.windows.net/{tenantid}/", f"{_LOGIN}{OPENID_CONFIGURATION}"),
}

_ANY_ISSUER = _VERSIONS["2.0"][1]
_TENANT_ISSUER = re.compile(
    re.escape(_ANY_ISSUER).replace(re.escape("{tenantid}"), f"({_TENANT.pattern})")
)
_COMMON_URL = _LOGIN.format(tenantid="common")
_SHARED_JWKS_URI = f"{_COMMON_URL}/discovery/v2.0/keys"
_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_NO_TENANT = "00000000-0000-0000-0000-000000000000"
_SINGLE_TENANT_SETTINGS = ("keys", "jwks_uri", "metadata_url")


@checked_settings
def entra(
    tenant: str,
    *,
    version: Literal["2.0", "1.0"] = "2.0",
    **settings: Unpack[PresetSettings],
) -> JWTIssuer:
    """Trust a tenant of Microsoft Entra ID; for any tenant, see `entra_any_tenant`.

    The tenant is in the public cloud; national clouds have other URLs and are not supported.

    Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference

    Args:
        tenant: The tenant's ID, a GUID.
        version: The token version, `accessTokenAcceptedVersion` in the API's manifest.
        settings: See `PresetSettings`; `audience=` is required: the client ID of the API, or for
            version 1.0 possibly its App ID URI.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    _check(tenant, version, settings)
    client, issuer, metadata = _VERSIONS[version]
    return preset(
        issuer.format(tenantid=tenant),
        settings,
        {"tid": tenant, "ver": version},
        metadata_url=metadata.format(tenantid=tenant),
        types=["JWT"],
        algorithms=["RS256"],
        required_claims=["iss", "exp", "aud", "sub", "iat", client],
        client_claims=[client],
        scope_claims=["scp"],
        is_client_token=_has_no_user,
    )


@checked_settings
def entra_any_tenant(**settings: Unpack[PresetSettings]) -> Tenants:
    """Trust every tenant of Microsoft Entra ID: the work and school accounts of any organization.

    Anyone can create a tenant, so check `tid` in the application or with `claims=`. Tokens must
    be of version 2.0. The keys are fetched once for all tenants, and only the keys that are
    published for any tenant are used. Therefore tokens of personal accounts, which are signed
    with other keys, are rejected.
    Source: https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer

    Args:
        settings: See `PresetSettings`; `audience=` is required: the client ID of the API.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    for name in _SINGLE_TENANT_SETTINGS:
        if name in settings:
            raise ConfigurationError(f"{name}= is for a single tenant: leave it out.")
    keys = _SharedKeys(_shared_key_set(settings))
    settings["keys"] = keys
    example = entra(_NO_TENANT, **settings)  # an invalid setting raises now

    async def resolve(issuer: str) -> JWTIssuer | None:
        match = _TENANT_ISSUER.fullmatch(issuer)
        return entra(match[1], **settings) if match and match[1] != _PERSONAL_TENANT else None

    # A lookup needs no I/O, so its rate needs no limit: an evicted tenant is resolved again.
    return Tenants(
        resolve=resolve,
        max_lookups_per_second=100_000,
        aclose=keys.source.aclose,
        audience=example.rules.audience,
    )


def _shared_key_set(settings: PresetSettings, clock: Clock = time.monotonic) -> RemoteKeySet:
    discovery = _MultiTenantDiscovery(
        _ANY_ISSUER,
        Fetcher(_ANY_ISSUER, settings.get("http"), origins_of(_SHARED_JWKS_URI)),
        metadata_url=None,
        jwks_uri=_SHARED_JWKS_URI,
        insecure_http=False,
    )
    cache = settings.get("jwks_cache", JWKSCache())
    executor = settings.pop("executor", None)  # verification happens in the shared key set only
    return RemoteKeySet(
        discovery, cache=cache, clock=settings.get("clock", clock), executor=executor
    )


class _MultiTenantDiscovery(Discovery):
    """Fetches the shared key set, and keeps only the keys that are valid for any tenant."""

    async def fetch_keys(self) -> Document:
        """Fetch the key set, and remove the keys that belong to a single tenant.

        Raises:
            IssuerUnavailable: The key set can't be fetched.
        """
        document = await super().fetch_keys()
        keys = document.members.get("keys")
        listed = keys if isinstance(keys, list) else []
        shared = [
            key for key in listed if isinstance(key, dict) and key.get("issuer") == _ANY_ISSUER
        ]
        return dataclasses.replace(document, members={"keys": shared})


class _SharedKeys:
    """A key source that many issuers share; closing one of them does not close it."""

    def __init__(self, source: KeySource) -> None:
        self.source = source

    @property
    def ready(self) -> bool:
        """Whether `verify` can run without waiting."""
        return self.source.ready

    @property
    def is_current(self) -> Callable[[], bool] | None:
        """See `KeySource`."""
        return self.source.is_current

    async def verify(self, token: JWS) -> None:
        """Verify the signature of *token*; claims are not checked.

        Raises:
            InvalidToken: No key verifies the signature.
            IssuerUnavailable: The keys can't be fetched.
        """
        await self.source.verify(token)

    def start(self) -> None:
        """Do nothing: the first token fetches the keys, and a failed fetch starts the back-off."""

    async def load(self) -> None:
        """Wait until usable keys are cached.

        Raises:
            IssuerUnavailable: The keys can't be fetched.
        """
        await self.source.load()

    async def aclose(self) -> None:
        """Do nothing: other tenants use the keys."""


def _check(tenant: str, version: str, settings: PresetSettings) -> None:
    if not _TENANT.fullmatch(tenant):
        raise ConfigurationError(
            f"tenant must be a tenant ID, in lower case, not {tenant!r}; for any tenant write "
            "entra_any_tenant(...)."
        )
    if version not in _VERSIONS:
        raise ConfigurationError('version= must be "2.0" or "1.0".')
    if "audience" not in settings:
        raise ConfigurationError("audience= is required: the client ID of the API.")


def _has_no_user(claims: Mapping[str, Any]) -> bool:
    return "scp" not in claims or claims.get("idtyp") == "app"  # every token of a user has scopes
