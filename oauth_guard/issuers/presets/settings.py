"""Preset settings: what a product sets, and what an operator may set in its place."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, Unpack

from oauth_guard.http.fetcher import HTTPClient
from oauth_guard.interfaces import Clock, ConfirmingIssuer, KeySource
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.protocol.claim_checks import ClaimChecks, ClaimFunction
from oauth_guard.protocol.claims import ClaimSettings

__all__ = ["OPENID_CONFIGURATION", "PresetSettings", "preset"]

OPENID_CONFIGURATION = "/.well-known/openid-configuration"
"""Where a product has its metadata, behind its name; another address is said by `metadata_url`."""


class PresetSettings(ClaimSettings, total=False):
    """What every preset takes beside its own arguments: see `JWTIssuer` and `ClaimSettings`.

    What is given takes the place of what the preset would set; `claims` is asked for as well.
    """

    metadata_url: str
    jwks_uri: str
    keys: Mapping[str, Any] | KeySource
    introspection: ConfirmingIssuer
    executor: Executor
    http: HTTPClient
    insecure_http: bool
    jwks_cache: JWKSCache
    clock: Clock


def preset(
    issuer: str,
    settings: PresetSettings,
    required_values: Mapping[str, Any] | None = None,
    *,
    metadata_url: str | None = None,
    **product: Unpack[ClaimSettings],
) -> JWTIssuer:
    """Build the issuer: *settings* override *product*; *required_values* always apply."""
    metadata_url = metadata_url or f"{issuer.removesuffix('/')}{OPENID_CONFIGURATION}"
    merged: PresetSettings = {"metadata_url": metadata_url, **product, **settings}
    if required_values:
        merged["claims"] = _both(required_values, settings.get("claims", {}))
    return JWTIssuer(issuer, **merged)


def _both(
    required_values: Mapping[str, Any], more: Mapping[str, Any] | ClaimFunction
) -> Mapping[str, Any] | ClaimFunction:
    if isinstance(more, Mapping):
        return {**more, **required_values}
    first, then = ClaimChecks.of(required_values), ClaimChecks.of(more)

    def judge(claims: Mapping[str, Any]) -> None:
        first.check(claims)
        then.check(claims)

    return judge
