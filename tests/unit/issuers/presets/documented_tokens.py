"""Products: access tokens with the claims that each product documents."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from oauth_guard import Identity, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.issuers.presets import auth0, cognito, entra, google, keycloak, okta
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

API = "https://api.example.com"
KEY = SigningKey("k1", "RS256")
TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
ABSENT = {"client_id": None, "jti": None, "scope": None}


class Product(NamedTuple):
    """A product, its preset and its access tokens.

    Attributes:
        make: Returns the issuer of the preset.
        issuer: The issuer identifier.
        metadata_url: The URL of the metadata.
        header: The header parameters other than `alg` and `kid`.
        claims: The claims that differ from RFC 9068; `None` for a claim that is absent.
        identity: The expected subject, client, scopes, roles, groups and entitlements.
        client_claims: The claims of a token that a client obtained for itself.
        required: The claims without which a token is rejected.
    """

    make: Callable[..., JWTIssuer]
    issuer: str
    metadata_url: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    identity: Mapping[str, Any]
    client_claims: Mapping[str, Any]
    required: tuple[str, ...]

    def token(self, *, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return a token of the product."""
        local = LocalIssuer(self.issuer, audience=API, key=KEY)
        claims = {**ABSENT, **self.claims, **changes}
        return local.token(header={**self.header, **(header or {})}, **claims)

    async def verdict(self, token: str, **settings: Any) -> Identity | Reason:
        """Return the identity of *token*, or the reason why it is rejected."""
        local = LocalIssuer(self.issuer, key=KEY)
        issuer = self.make(**{"keys": local.jwks, **settings})
        try:
            access_token = (await issuer.validate(RawToken(token))).token
            access_token.check_claims(API, local.claims()["iat"])
            access_token.rules.claims.check_function(access_token.claims)
        except InvalidToken as error:
            return error.reason
        return Identity.from_token(access_token)


KEYCLOAK = Product(
    make=lambda **settings: keycloak("https://sso.example.com/realms/acme", **settings),
    issuer="https://sso.example.com/realms/acme",
    metadata_url="https://sso.example.com/realms/acme/.well-known/openid-configuration",
    header={"typ": "JWT"},
    claims={
        "jti": "onrtac:6f9f",
        "typ": "Bearer",
        "aud": [API, "account"],
        "azp": "c1",
        "acr": "1",
        "scope": "profile read",
        "realm_access": {"roles": ["ops"]},
        "resource_access": {"api": {"roles": ["editor"]}, "account": {"roles": ["view-profile"]}},
        "preferred_username": "ada",
    },
    identity={"subject": "u1", "client_id": "c1", "scopes": {"profile", "read"}, "roles": {"ops"}},
    client_claims={"preferred_username": "service-account-c1"},
    required=("azp", "jti", "sub", "typ", "aud"),
)
AUTH0 = Product(
    make=lambda **settings: auth0("acme.eu.auth0.com", **settings),
    issuer="https://acme.eu.auth0.com/",
    metadata_url="https://acme.eu.auth0.com/.well-known/openid-configuration",
    header={"typ": "JWT"},
    claims={
        "sub": "auth0|123456",
        "aud": [API, "https://acme.eu.auth0.com/userinfo"],
        "azp": "c1",
        "scope": "openid read",
        "permissions": ["read:patients"],
    },
    identity={
        "subject": "auth0|123456",
        "client_id": "c1",
        "scopes": {"openid", "read"},
        "entitlements": {"read:patients"},
    },
    client_claims={"sub": "c1@clients", "gty": "client-credentials"},
    required=("sub", "aud", "iat"),
)
ENTRA = Product(
    make=lambda **settings: entra(TENANT, **{"audience": "6e74172b", **settings}),
    issuer=f"https://login.microsoftonline.com/{TENANT}/v2.0",
    metadata_url=f"https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration",
    header={"typ": "JWT"},
    claims={
        "aud": "6e74172b",
        "azp": "c1",
        "azpacr": "0",
        "oid": "690222be",
        "scp": "access_as_user",
        "roles": ["ops"],
        "groups": ["g1"],
        "tid": TENANT,
        "uti": "fqiB",
        "ver": "2.0",
    },
    identity={
        "subject": "u1",
        "client_id": "c1",
        "scopes": {"access_as_user"},
        "roles": {"ops"},
        "groups": {"g1"},
    },
    client_claims={"scp": None, "sub": "690222be"},
    required=("azp", "tid", "ver", "aud"),
)
ENTRA_1 = Product(
    make=lambda **settings: entra(TENANT, version="1.0", **{"audience": "api://acme", **settings}),
    issuer=f"https://sts.windows.net/{TENANT}/",
    metadata_url=f"https://login.microsoftonline.com/{TENANT}/.well-known/openid-configuration",
    header={"typ": "JWT", "x5t": "i6lG"},
    claims={
        "aud": "api://acme",
        "appid": "c1",
        "appidacr": "0",
        "acr": "1",
        "scp": "user_impersonation",
        "tid": TENANT,
        "ver": "1.0",
    },
    identity={"subject": "u1", "client_id": "c1", "scopes": {"user_impersonation"}},
    client_claims={"idtyp": "app"},
    required=("appid", "tid", "ver", "aud"),
)
OKTA = Product(
    make=lambda **settings: okta("https://acme.okta.com/oauth2/default", **settings),
    issuer="https://acme.okta.com/oauth2/default",
    metadata_url="https://acme.okta.com/oauth2/default/.well-known/openid-configuration",
    header={"typ": None},
    claims={
        "ver": 1,
        "jti": "AT.MNAo",
        "sub": "ada@example.com",
        "cid": "c1",
        "uid": "00u1",
        "scp": ["openid", "read"],
        "groups": ["g1"],
    },
    identity={
        "subject": "ada@example.com",
        "client_id": "c1",
        "scopes": {"openid", "read"},
        "groups": {"g1"},
    },
    client_claims={"sub": "c1", "uid": None},
    required=("cid", "jti", "aud"),
)
COGNITO = Product(
    make=lambda **settings: cognito("eu-west-1_a1B2", client_ids=["c1", "c2"], **settings),
    issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2",
    metadata_url="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2/.well-known/openid-configuration",
    header={"typ": None},
    claims={
        "aud": None,
        "client_id": "c1",
        "jti": "aaaa",
        "token_use": "access",
        "scope": "openid acme/read",
        "version": 2,
        "cognito:groups": ["g1"],
    },
    identity={
        "subject": "u1",
        "client_id": "c1",
        "scopes": {"openid", "acme/read"},
        "groups": {"g1"},
    },
    client_claims={"sub": "c1"},
    required=("client_id", "token_use", "sub"),
)
GOOGLE = Product(
    make=lambda **settings: google(**{"clients": ["1077"], **settings}),
    issuer="https://accounts.google.com",
    metadata_url="https://accounts.google.com/.well-known/openid-configuration",
    header={"typ": "JWT"},
    claims={"sub": "1077", "azp": "1077", "email": "jobs@acme.iam.gserviceaccount.com"},
    identity={"subject": "1077", "client_id": "1077"},
    client_claims={},
    required=("sub", "aud", "iat"),
)
PRODUCTS = {
    "Keycloak": KEYCLOAK,
    "Auth0": AUTH0,
    "Entra": ENTRA,
    "Entra 1.0": ENTRA_1,
    "Okta": OKTA,
    "Cognito": COGNITO,
    "Google": GOOGLE,
}
