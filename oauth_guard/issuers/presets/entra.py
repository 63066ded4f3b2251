"""Microsoft Entra ID: one tenant of it, or any."""

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
from oauth_guard.protocol.urls import origins_of

__all__ = ["entra", "entra_any_tenant"]

_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOGIN = "https://login.microsoftonline.com/{tenantid}"
_VERSIONS = {
    "2.0": ("azp", f"{_LOGIN}/v2.0", f"{_LOGIN}/v2.0{OPENID_CONFIGURATION}"),
    "1.0": ("appid", "https://sts.windows.net/{tenantid}/", f"{_LOGIN}{OPENID_CONFIGURATION}"),
}

_ANY = _VERSIONS["2.0"][1]
_ANY_NAME = re.compile(re.escape(_ANY).replace(re.escape("{tenantid}"), f"({_TENANT.pattern})"))
_COMMON = _LOGIN.format(tenantid="common")
_ANY_KEYS = f"{_COMMON}/discovery/v2.0/keys"
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
_NOBODY = "00000000-0000-0000-0000-000000000000"
_OURS = ("keys", "jwks_uri", "metadata_url")


def entra(
    tenant: str,
    *,
    version: Literal["2.0", "1.0"] = "2.0",
    **settings: Unpack[PresetSettings],
) -> JWTIssuer:
    """Trust a tenant of Microsoft Entra ID; for any tenant, see `entra_any_tenant`.

    It is that of the public cloud; a national one has other addresses.

    Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference

    Args:
        tenant: The tenant's ID, a GUID.
        version: What the API's manifest asks for as `accessTokenAcceptedVersion`.
        settings: See `PresetSettings`; `audience=` is wanted: the client ID of the API, for
            version 1.0 maybe its App ID URI.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
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


def entra_any_tenant(**settings: Unpack[PresetSettings]) -> Tenants:
    """Trust every tenant of Microsoft Entra ID, whoever its people are: work and school accounts.

    Anybody can have a tenant, so look at `tid`, or let `claims=` do so. Tokens are of version
    2.0; the keys are fetched once for all tenants, and only those that are meant for any tenant
    are believed: so personal accounts, which have keys of their own, are refused.
    Source: https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer

    Args:
        settings: See `PresetSettings`; `audience=` is wanted: the client ID of the API.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    for name in _OURS:
        if name in settings:
            raise ConfigurationError(f"{name}= is for one tenant: leave it out.")
    keys = _SharedKeys(_keys_for_any_tenant(settings))
    settings["keys"] = keys
    entra(_NOBODY, **settings)  # so that a wrong setting is told now

    async def resolve(name: str) -> JWTIssuer | None:
        found = _ANY_NAME.fullmatch(name)
        return entra(found[1], **settings) if found and found[1] != _PERSONAL else None

    # Nobody is asked, so nothing is spared: whoever is pushed out comes back at once.
    return Tenants(resolve=resolve, max_lookups_per_second=100_000, aclose=keys.source.aclose)


def _keys_for_any_tenant(settings: PresetSettings, clock: Clock = time.monotonic) -> RemoteKeySet:
    discovery = _KeysForAnyTenant(
        _ANY,
        Fetcher(_ANY, settings.get("http"), origins_of(_ANY_KEYS)),
        metadata_url=None,
        jwks_uri=_ANY_KEYS,
        insecure_http=False,
    )
    times = settings.get("jwks_cache", JWKSCache())
    executor = settings.pop("executor", None)  # for these keys, which no tenant has for itself
    return RemoteKeySet(
        discovery, times=times, clock=settings.get("clock", clock), executor=executor
    )


class _KeysForAnyTenant(Discovery):
    """Finds the keys that are meant for any tenant, among those that are for one."""

    async def fetch_keys(self) -> Document:
        """Return the key set without the keys that are for one tenant alone.

        Raises:
            IssuerUnavailable: It is not to be had.
        """
        document = await super().fetch_keys()
        keys = document.members.get("keys")
        listed = keys if isinstance(keys, list) else []
        meant = [key for key in listed if isinstance(key, dict) and key.get("issuer") == _ANY]
        return dataclasses.replace(document, members={"keys": meant})


class _SharedKeys:
    """Keys of many issuers, none of which closes them."""

    def __init__(self, source: KeySource) -> None:
        self.source = source

    @property
    def ready(self) -> bool:
        """Whether a signature could be judged now."""
        return self.source.ready

    @property
    def stands(self) -> Callable[[], bool] | None:
        """What tells whether a signature that is good now would still be."""
        return self.source.stands

    async def verify(self, token: JWS) -> None:
        """Hold the signature of *token* to the keys.

        Raises:
            InvalidToken: No key made it.
            IssuerUnavailable: There are no keys to be had.
        """
        await self.source.verify(token)

    def start(self) -> None:
        """Do nothing: the first token fetches them, and an outage is left alone for a while."""

    async def load(self) -> None:
        """Wait for the keys.

        Raises:
            IssuerUnavailable: They are not to be had.
        """
        await self.source.load()

    async def aclose(self) -> None:
        """Do nothing: other tenants need them."""


def _check(tenant: str, version: str, settings: PresetSettings) -> None:
    if not _TENANT.fullmatch(tenant):
        raise ConfigurationError(
            f"tenant is the tenant's ID, in lower case, not {tenant!r}; for any tenant write "
            "entra_any_tenant(...)."
        )
    if version not in _VERSIONS:
        raise ConfigurationError('version= is "2.0" or "1.0".')
    if "audience" not in settings:
        raise ConfigurationError("audience= is wanted: the client ID of the API.")


def _has_no_user(claims: Mapping[str, Any]) -> bool:
    return "scp" not in claims or claims.get("idtyp") == "app"  # each user's token has a scope
