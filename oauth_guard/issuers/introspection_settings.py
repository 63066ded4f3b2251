"""The settings of `IntrospectionIssuer`: its URLs and the rules for its claims, checked."""

import dataclasses
import logging
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, get_args

from oauth_guard.errors import ConfigurationError
from oauth_guard.http.fetcher import HTTPClient
from oauth_guard.issuers.client_auth import ClientAuthentication, MutualTLS, check_authentication
from oauth_guard.issuers.discovery import Discovery, find_endpoints
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.protocol.claim_settings import ClaimSettings
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.token_kinds import lower_types
from oauth_guard.protocol.urls import check_issuer_urls

__all__ = ["WithoutAudience", "find_endpoint", "read_rules"]

_log = logging.getLogger("oauth_guard")

_CONNECTIONS = 64  # the number of concurrent requests

WithoutAudience: TypeAlias = Literal["single resource", "issuer checks"]
"""Why a token is accepted though its introspection response has no audience."""


def find_endpoint(  # noqa: PLR0913 - settings
    issuer: str,
    metadata_issuer: str | None,
    http: HTTPClient | None,
    urls: Mapping[str, str | None],
    client: ClientAuthentication,
    *,
    insecure_http: bool,
    signed: bool,
) -> tuple[Discovery, str | None]:
    """Return the discovery of the introspection endpoint; its client keeps 64 connections open.

    Return also the identifier by which the metadata of the issuer is found, None if it is no URL.
    *signed* responses need keys, so metadata too.

    Raises:
        ConfigurationError: A name or URL is wrong (see `check_issuer_urls`), or *client*
            authenticates by a certificate and there is no *http*.
    """
    is_located = bool(urls["metadata_url"] or (urls["endpoint"] and not signed))
    published = check_issuer_urls(
        issuer, metadata_issuer, insecure_http=insecure_http, is_located=is_located, **urls
    )
    if insecure_http:
        _log.warning("%s: insecure_http=True lets tokens travel unprotected", issuer)
    check_authentication(client, http)
    mtls = isinstance(client, MutualTLS)
    discovery = find_endpoints(
        issuer,
        metadata_issuer,
        http,
        urls,
        insecure_http=insecure_http,
        mtls=mtls,
        connections=_CONNECTIONS,
    )
    return discovery, published


def read_rules(  # noqa: PLR0913 - settings
    issuer: str,
    settings: ClaimSettings,
    subject_from: str,
    without_audience: str | None,
    token_types: Iterable[str] = (),
    *,
    signed: bool,
) -> ClaimRules:
    """Return the rules by which the claims in introspection responses are read.

    Raises:
        ConfigurationError: A setting is wrong, or is not for introspection.
    """
    if without_audience not in (None, *get_args(WithoutAudience)):
        raise ConfigurationError(
            f"without_audience= is one of {' or '.join(map(repr, get_args(WithoutAudience)))}."
        )
    if "types" in settings:
        raise ConfigurationError("types= is for JWTs: leave it out.")
    if "algorithms" in settings and not signed:
        raise ConfigurationError("algorithms= is for signed=True: leave it out.")
    settings.setdefault("required_claims", ())
    rules = ClaimRules.of(issuer, **settings)
    if rules.algorithms & SYMMETRIC:
        raise ConfigurationError("algorithms= must be for keys that the issuer publishes.")
    optional = rules.audience_optional or without_audience is not None
    return dataclasses.replace(
        rules,
        subject_claim=subject_from,
        audience_optional=optional,
        token_types=lower_types(token_types),
    )
