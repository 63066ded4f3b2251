"""Preset settings: the defaults of a product, and what the caller may override."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, Literal, Unpack

from oauth_guard.http.fetcher import HTTPClient
from oauth_guard.interfaces import Clock, Issuer, KeySource
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.issuers.static_keys import Keys
from oauth_guard.protocol.claim_checks import ClaimChecks, ClaimFunction
from oauth_guard.protocol.claim_settings import ClaimSettings
from oauth_guard.protocol.urls import check_issuer_urls

__all__ = ["OPENID_CONFIGURATION", "PresetSettings", "preset"]

OPENID_CONFIGURATION = "/.well-known/openid-configuration"
"""The path of a product's metadata, appended to the issuer; `metadata_url` overrides it."""


class PresetSettings(ClaimSettings, total=False):
    """The settings that every preset accepts: those of `JWTIssuer` and of `ClaimSettings`.

    A setting overrides the default of the preset, except `claims`: it is checked in addition to
    the values that the preset requires.
    """

    metadata_url: str
    metadata_issuer: str
    jwks_uri: str
    keys: Keys | KeySource
    without_audience: Literal["single resource"]
    introspection: Issuer
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
    """Return the issuer: *settings* override *product*; *required_values* always apply.

    Raises:
        ConfigurationError: A setting is unknown or invalid.
    """
    check_issuer_urls(issuer, insecure_http=settings.get("insecure_http", False))
    metadata_issuer = settings.get("metadata_issuer", issuer)
    metadata_url = metadata_url or f"{metadata_issuer.removesuffix('/')}{OPENID_CONFIGURATION}"
    if "without_audience" in settings and "required_claims" in product:
        product["required_claims"] = [n for n in product["required_claims"] if n != "aud"]
    merged: PresetSettings = {"metadata_url": metadata_url, **product, **settings}
    if required_values:
        merged["claims"] = _combine(required_values, settings.get("claims", {}))
    return JWTIssuer(issuer, **merged)


def _combine(
    required_values: Mapping[str, Any], additional: Mapping[str, Any] | ClaimFunction
) -> Mapping[str, Any] | ClaimFunction:
    if isinstance(additional, Mapping):
        return {**additional, **required_values}
    first, second = ClaimChecks.of(required_values), ClaimChecks.of(additional)

    def check(claims: Mapping[str, Any]) -> None:
        first.check_values(claims)
        second.check_function(claims)

    return check
