"""Presets: an issuer set up as a product issues its access tokens, its documentation at hand."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.issuers.presets.settings import PresetSettings, preset

__all__ = ["auth0", "cognito", "google", "keycloak", "okta"]

_POOL = re.compile(r"([a-z]{2,3}(?:-[a-z]+)+-\d)_[0-9A-Za-z]+")
_RS256 = ("RS256",)
_SIGN_IN = ".apps.googleusercontent.com"


def keycloak(
    realm_url: str, *, roles_of: str | None = None, **settings: Unpack[PresetSettings]
) -> JWTIssuer:
    """Trust a realm of Keycloak: `keycloak("https://sso.example.com/realms/acme")`.

    A token is for the API only where a client scope has an audience mapper that says so; name
    there the resource, or hand what it names to `audience=`.
    Source: https://www.keycloak.org/docs/latest/server_admin/#audience-support

    Args:
        realm_url: The address of the realm, which is the issuer's identifier.
        roles_of: The client whose roles are taken; by default the roles of the realm.
        settings: See `PresetSettings`.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
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


def auth0(domain: str, **settings: Unpack[PresetSettings]) -> JWTIssuer:
    """Trust a tenant of Auth0: `auth0("acme.eu.auth0.com", audience="https://api.example.com")`.

    Both of its token profiles are taken, its own and that of RFC 9068; permissions, where they
    are added to tokens, are entitlements.
    Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles

    Args:
        domain: The domain of the tenant, or its custom domain.
        settings: See `PresetSettings`; `audience=` where the API is registered there by another
            identifier than the resource.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
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


def okta(issuer: str, **settings: Unpack[PresetSettings]) -> JWTIssuer:
    """Trust a custom authorization server of Okta: `.../oauth2/default`, or another ID.

    The org authorization server, which has no `/oauth2/...`, issues access tokens for Okta's own
    APIs, so it is refused.
    Source: https://developer.okta.com/docs/concepts/auth-servers/

    Args:
        issuer: The issuer URI of the authorization server.
        settings: See `PresetSettings`; `audience=` where the authorization server has another
            audience than the resource.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    if "/oauth2/" not in issuer:
        raise ConfigurationError(
            'issuer is a custom authorization server: "https://acme.okta.com/oauth2/default".'
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


def cognito(
    user_pool_id: str, *, client_ids: Iterable[str], **settings: Unpack[PresetSettings]
) -> JWTIssuer:
    """Trust a user pool of Amazon Cognito: `cognito("eu-west-1_a1B2c3D4e", client_ids=[...])`.

    Its access tokens have no `aud` unless a client asked for a resource, so the clients are named
    whose tokens are taken; an `aud` that is there must be this API.
    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html

    Args:
        user_pool_id: The user pool's ID, which begins with its region.
        client_ids: The app clients whose tokens are for this API.
        settings: See `PresetSettings`.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    pool = _POOL.fullmatch(user_pool_id)
    if pool is None:
        raise ConfigurationError('user_pool_id is like "eu-west-1_a1B2c3D4e".')
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


def google(**settings: Unpack[PresetSettings]) -> JWTIssuer:
    """Trust service accounts of Google, which call with ID tokens made out to this API.

    Google's access tokens are opaque and for Google's APIs, so no other API can take one. Its
    services and service accounts call others with an ID token whose `aud` is the address that is
    called. What a person gets by signing in is for an OAuth client, and is refused. There are no
    scopes, and anybody may have a service account, so say whose calls are taken:
    `claims={"email": "jobs@acme.iam.gserviceaccount.com", "email_verified": True}`, or `clients=`
    with their unique IDs.
    Source: https://cloud.google.com/docs/authentication/token-types

    Args:
        settings: See `PresetSettings`; `audience=` where callers name another than the resource.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    if not settings.keys() & {"claims", "clients"}:
        raise ConfigurationError(
            'Anybody may have a service account: write clients=[...], or claims={"email": ...}.'
        )
    audience = settings.get("audience", ())
    names = [audience] if isinstance(audience, str) else audience
    if any(name.endswith(_SIGN_IN) for name in names):
        raise ConfigurationError(f"audience= is this API: what is for {_SIGN_IN[1:]} is a sign-in.")
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
        raise ConfigurationError(f'{setting} is a name like "acme.eu.auth0.com", not {domain!r}.')
    return domain
