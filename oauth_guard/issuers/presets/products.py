"""Presets of products: issuers configured as each product documents its access tokens."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.issuers.presets.settings import PresetSettings, preset
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.urls import parse_url

__all__ = ["auth0", "cognito", "google", "keycloak", "okta"]

_REALM = re.compile(r"[^?#]*/realms/[^/?#]+")
_OKTA_SERVER = re.compile(r"https?://[^/?#]+/oauth2/[^/?#]+")
_POOL = re.compile(r"([a-z]{2,3}(?:-[a-z]+)+-\d)_[0-9A-Za-z]+")
_RS256 = ("RS256",)
_OAUTH_CLIENT = ".apps.googleusercontent.com"


@checked_settings
def keycloak(
    realm_url: str, *, roles_of: str | None = None, **settings: Unpack[PresetSettings]
) -> JWTIssuer:
    """Trust a realm of Keycloak: `keycloak("https://sso.example.com/realms/acme")`.

    Keycloak puts the API into `aud` only if a client scope has an audience mapper for it. Enter
    the resource there, or pass the value that is entered there as `audience=`.
    Source: https://www.keycloak.org/docs/latest/server_admin/#audience-support

    Args:
        realm_url: The URL of the realm, which is the issuer identifier.
        roles_of: The client whose roles are read; by default the roles of the realm are read.
        settings: See `PresetSettings`.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    parse_url(realm_url, setting="issuer", insecure_http=settings.get("insecure_http", False))
    if not _REALM.fullmatch(realm_url):
        raise ConfigurationError(
            "realm_url must be the URL of a realm, without a slash at its end: "
            f'"https://sso.example.com/realms/acme", not {realm_url!r}.'
        )
    roles = (
        ("realm_access", "roles") if roles_of is None else ("resource_access", roles_of, "roles")
    )
    return preset(
        realm_url,
        settings,
        {"typ": "Bearer"},
        types=["JWT", "at+jwt"],
        required_claims=["iss", "exp", "aud", "sub", "azp", "iat", "jti"],
        client_claims=["azp"],
        role_claims=[roles],
        is_client_token=_is_service_account,
    )


def _is_service_account(claims: Mapping[str, Any]) -> bool:
    name = f"service-account-{claims.get('azp')}"
    return str(claims.get("preferred_username", "")).lower() == name.lower()


@checked_settings
def auth0(domain: str, **settings: Unpack[PresetSettings]) -> JWTIssuer:
    """Trust a tenant of Auth0: `auth0("acme.eu.auth0.com", audience="https://api.example.com")`.

    Both token profiles are accepted, Auth0's own and that of RFC 9068. `permissions`, if they
    are added to tokens, become entitlements.
    Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles

    Args:
        domain: The domain of the tenant, or its custom domain.
        settings: See `PresetSettings`; set `audience=` if the API is registered at Auth0 with
            an identifier other than the resource.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    return preset(
        f"https://{_host('domain', domain)}/",
        settings,
        types=["JWT", "at+jwt"],
        required_claims=["iss", "exp", "aud", "sub", "iat"],
        client_claims=["azp", "client_id"],
        entitlement_claims=["permissions"],
        is_client_token=_is_machine,
    )


def _is_machine(claims: Mapping[str, Any]) -> bool:
    return claims.get("sub") == f"{claims.get('azp', claims.get('client_id'))}@clients"


@checked_settings
def okta(issuer: str, **settings: Unpack[PresetSettings]) -> JWTIssuer:
    """Trust a custom authorization server of Okta: `.../oauth2/default`, or another ID.

    The org authorization server, whose URL has no `/oauth2/...`, issues access tokens for Okta's
    own APIs only, so it is not accepted as *issuer*.
    Source: https://developer.okta.com/docs/concepts/auth-servers/

    Args:
        issuer: The issuer URI of the authorization server.
        settings: See `PresetSettings`; set `audience=` if the audience of the authorization
            server is not the resource.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    parse_url(issuer, setting="issuer", insecure_http=settings.get("insecure_http", False))
    if not _OKTA_SERVER.fullmatch(issuer):
        raise ConfigurationError(
            'issuer must be a custom authorization server: "https://acme.okta.com/oauth2/default".'
        )
    return preset(
        issuer,
        settings,
        types=["JWT", None, "at+jwt", "okta-internal-at+jwt"],
        algorithms=_RS256,
        required_claims=["iss", "exp", "aud", "sub", "cid", "iat", "jti"],
        client_claims=["cid"],
        scope_claims=["scp"],
        scope_array=True,
    )


@checked_settings
def cognito(
    user_pool_id: str, *, client_ids: Iterable[str], **settings: Unpack[PresetSettings]
) -> JWTIssuer:
    """Trust a user pool of Amazon Cognito: `cognito("eu-west-1_a1B2c3D4e", client_ids=[...])`.

    Its access tokens have no `aud` unless the client requested a resource. Therefore tokens are
    accepted from the listed clients only; if a token has `aud`, it must be this API.
    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html

    Args:
        user_pool_id: The ID of the user pool, which starts with its region.
        client_ids: The app clients whose tokens are for this API.
        settings: See `PresetSettings`.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    pool = _POOL.fullmatch(user_pool_id)
    if pool is None:
        raise ConfigurationError('user_pool_id must be like "eu-west-1_a1B2c3D4e".')
    return preset(
        f"https://cognito-idp.{pool[1]}.amazonaws.com/{user_pool_id}",
        settings,
        {"token_use": "access"},
        types=["JWT", None],
        algorithms=_RS256,
        required_claims=["iss", "exp", "sub", "client_id", "iat", "token_use"],
        clients=client_ids,
        audience_optional=True,
        group_claims=["cognito:groups"],
    )


@checked_settings
def google(**settings: Unpack[PresetSettings]) -> JWTIssuer:
    """Trust service accounts of Google, which send ID tokens issued for this API.

    Google's access tokens are opaque and valid for Google's APIs only, so no other API can accept
    them. Google's services and service accounts call other APIs with an ID token whose `aud` is
    the URL that they call. The ID token of a user who signed in is for an OAuth client, and is
    rejected. The tokens have no scopes, and anyone can create a service account, so restrict the
    callers: `claims={"email": "jobs@acme.iam.gserviceaccount.com", "email_verified": True}`, or
    `clients=` with the unique IDs of the service accounts.
    Source: https://cloud.google.com/docs/authentication/token-types

    Args:
        settings: See `PresetSettings`; set `audience=` if callers use a value other than the
            resource.

    Raises:
        ConfigurationError: A setting is invalid; the text says what to write instead.
    """
    if not settings.keys() & {"claims", "clients"}:
        raise ConfigurationError(
            'Anyone can create a service account: write clients=[...], or claims={"email": ...}.'
        )
    audience = settings.get("audience", ())
    audiences = [audience] if isinstance(audience, str) else audience
    if any(value.endswith(_OAUTH_CLIENT) for value in audiences):
        raise ConfigurationError(
            f"audience= must be this API: a name under {_OAUTH_CLIENT[1:]} is an OAuth client, "
            "whose ID tokens are for sign-in."
        )
    return preset(
        "https://accounts.google.com",
        settings,
        types=["JWT"],
        algorithms=_RS256,
        required_claims=["iss", "exp", "aud", "sub", "iat"],
        client_claims=["sub"],
    )


def _host(setting: str, domain: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.-]+", domain):
        raise ConfigurationError(
            f'{setting} must be a host name like "acme.eu.auth0.com", not {domain!r}.'
        )
    return domain
