"""Presets of Microsoft Entra ID: for one tenant or any tenant, in each of its clouds."""

import dataclasses
import re
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Literal, TypeAlias, Unpack

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

__all__ = ["EntraCloud", "entra", "entra_any_tenant"]

_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Version: TypeAlias = Literal["2.0", "1.0"]
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@dataclasses.dataclass(frozen=True)
class EntraCloud:
    """A cloud of Microsoft Entra ID, which has its own tenants, keys and URLs.

    Attributes:
        login_host: The host of the authentication endpoint, such as `login.microsoftonline.us`.
        sts_host: The host in `iss` of tokens of version 1.0, such as `sts.windows.net`.
    """

    login_host: str
    sts_host: str

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            ConfigurationError: One is no host name in lower case.
        """
        for host in (self.login_host, self.sts_host):
            if not _HOST.fullmatch(host):
                raise ConfigurationError(
                    f"EntraCloud takes host names in lower case, not {host!r}: write "
                    '"login.example.com", without https:// and without a path.'
                )


Cloud: TypeAlias = Literal["public", "us government", "china"] | EntraCloud

_CLOUDS = {
    "public": EntraCloud("login.microsoftonline.com", "sts.windows.net"),
    "us government": EntraCloud("login.microsoftonline.us", "sts.windows.net"),
    "china": EntraCloud("login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"),
}
_CLIENT_CLAIMS: Mapping[str, str] = {"2.0": "azp", "1.0": "appid"}
_TENANT_ID = "{tenantid}"
_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_NO_TENANT = "00000000-0000-0000-0000-000000000000"
_SINGLE_TENANT_SETTINGS = ("keys", "jwks_uri", "metadata_url")


@checked_settings
def entra(
    tenant: str,
    *,
    version: Version = "2.0",
    cloud: Cloud = "public",
    **settings: Unpack[PresetSettings],
) -> JWTIssuer:
    """Trust a tenant of Microsoft Entra ID; for any tenant, see `entra_any_tenant`.

    Sources: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference,
    https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud

    Args:
        tenant: The tenant's ID, a GUID.
        version: The token version, `accessTokenAcceptedVersion` in the API's manifest.
        cloud: The cloud of the tenant: `"public"`, `"us government"`, `"china"`, or the hosts of
            another one as an `EntraCloud`.
        settings: See `PresetSettings`; `audience=` is required: the client ID of the API, or for
            version 1.0 possibly its App ID URI.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    _check(tenant, version, settings)
    client = _CLIENT_CLAIMS[version]
    authority = f"https://{_in(cloud).login_host}/{tenant}{'/v2.0' if version == '2.0' else ''}"
    return preset(
        _issuer(version, cloud).replace(_TENANT_ID, tenant),
        settings,
        {"tid": tenant, "ver": version},
        metadata_url=f"{authority}{OPENID_CONFIGURATION}",
        types=["JWT"],
        algorithms=["RS256"],
        required_claims=["iss", "exp", "aud", "sub", "iat", client],
        client_claims=[client],
        scope_claims=["scp"],
        is_client_token=_has_no_user,
    )


@checked_settings
def entra_any_tenant(
    *, version: Version = "2.0", cloud: Cloud = "public", **settings: Unpack[PresetSettings]
) -> Tenants:
    """Trust every tenant of Microsoft Entra ID: the work and school accounts of any organization.

    Anyone can create a tenant, so check `tid` in the application or with `claims=`. The keys
    are fetched once for all tenants of the cloud, and only the keys that are published for any
    tenant are used. Therefore tokens of personal accounts, which are signed with other keys, are
    rejected. For tokens of both versions, list the preset twice.
    Source: https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer

    Args:
        version: The token version, `accessTokenAcceptedVersion` in the API's manifest.
        cloud: The cloud of the tenants; see `entra`.
        settings: See `PresetSettings`; `audience=` is required: the client ID of the API, or for
            version 1.0 possibly its App ID URI.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    for name in _SINGLE_TENANT_SETTINGS:
        if name in settings:
            raise ConfigurationError(f"{name}= is for a single tenant: leave it out.")
    _check(_NO_TENANT, version, settings)
    keys = _SharedKeys(_shared_key_set(cloud, settings))
    settings["keys"] = keys
    of_any = partial(entra, version=version, cloud=cloud, **settings)
    example = of_any(_NO_TENANT)  # an invalid setting raises now

    async def resolve(issuer: str) -> JWTIssuer | None:
        match = _issuer_pattern(version, cloud).fullmatch(issuer)
        return of_any(match[1]) if match and match[1] != _PERSONAL_TENANT else None

    # A lookup needs no I/O, so its rate needs no limit: an evicted tenant is resolved again.
    return Tenants(
        resolve=resolve,
        max_lookups_per_second=100_000,
        aclose=keys.source.aclose,
        audience=example.rules.audience,
    )


def _in(cloud: Cloud) -> EntraCloud:
    return _CLOUDS[cloud] if isinstance(cloud, str) else cloud


def _issuer(version: str, cloud: Cloud) -> str:
    """Return the identifier of a tenant, with a place for its ID."""
    if version == "1.0":
        return f"https://{_in(cloud).sts_host}/{_TENANT_ID}/"
    return f"https://{_in(cloud).login_host}/{_TENANT_ID}/v2.0"


@cache
def _issuer_pattern(version: str, cloud: Cloud) -> re.Pattern[str]:
    pattern = re.escape(_issuer(version, cloud))
    return re.compile(pattern.replace(re.escape(_TENANT_ID), f"({_TENANT.pattern})"))


def _shared_key_set(
    cloud: Cloud, settings: PresetSettings, clock: Clock = time.monotonic
) -> RemoteKeySet:
    # Tokens of both versions are signed with the same keys, which name the issuer of version 2.0.
    issuer = _issuer("2.0", cloud)
    jwks_uri = f"https://{_in(cloud).login_host}/common/discovery/v2.0/keys"
    discovery = _MultiTenantDiscovery(
        issuer,
        Fetcher(issuer, settings.get("http"), origins_of(jwks_uri)),
        metadata_url=None,
        jwks_uri=jwks_uri,
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
            key for key in listed if isinstance(key, dict) and key.get("issuer") == self.issuer
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
    if version not in _CLIENT_CLAIMS:
        raise ConfigurationError('version= must be "2.0" or "1.0".')
    if "audience" not in settings:
        raise ConfigurationError("audience= is required: the client ID of the API.")


def _has_no_user(claims: Mapping[str, Any]) -> bool:
    return "scp" not in claims or claims.get("idtyp") == "app"  # every token of a user has scopes
