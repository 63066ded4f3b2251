"""MIGRATIONS: for each migration page its issuer, its tokens and the rows of its table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oauth_guard.testing import LocalIssuer, SigningKey
from tests.builders.mcp_server import INITIALIZE

API, LOGIN = "https://api.example.com", "https://login.example.com"
_TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
_APPLICATION = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
_ENTRA = "https://login.microsoftonline.com"
_AUTH0 = "https://acme.eu.auth0.com/"
_MCP = "https://mcp.example.com/mcp"
_OTHER = "https://other.example.com"

Make = Callable[[LocalIssuer], str]


@dataclass(frozen=True)
class Row:
    """A row: the token that is sent to a path, and in which situation.

    Attributes:
        token: Makes the token; None sends none.
        opaque: Makes the token for an application that introspects.
        path: The path of the request.
        situation: `"down"` while the authorization server is down, from before the application
            starts; `"rotated"` after the key was replaced.
    """

    token: Make | None
    path: str = ""
    situation: str = ""
    opaque: Make | None = None


@dataclass(frozen=True)
class Migration:
    """A page.

    Attributes:
        issuer: Returns the authorization server.
        rows: The rows of its table, by their first cell.
        path: The path of requests.
        request: Other parts of each request.
        opaque: The columns whose application introspects.
    """

    issuer: Callable[[], LocalIssuer]
    rows: Mapping[str, Row]
    path: str = "/"
    request: Mapping[str, Any] = field(default_factory=dict)
    opaque: frozenset[str] = frozenset()


def _token(*scopes: str, **changes: Any) -> Make:
    return lambda issuer: issuer.token(*scopes, **changes)


def _opaque(*scopes: str, **changes: Any) -> Make:
    return lambda issuer: issuer.opaque_token(*scopes, **changes)


def _expired(issuer: LocalIssuer) -> str:
    return issuer.token("profile", exp=int(issuer.clock()) - 3600)


def _expired_opaque(issuer: LocalIssuer) -> str:
    token = issuer.opaque_token("profile")
    issuer.revoke(token)
    return token


def _id_token(issuer: LocalIssuer) -> str:
    """Return an ID token for the client `orders`, whose name is that of the API."""
    claims = {"client_id": None, "jti": None, "scope": None, "nonce": "n1"}
    return issuer.token(header={"typ": "JWT"}, **claims)


def _issuer(issuer: str, audience: str, algorithm: str = "RS256", **settings: str) -> LocalIssuer:
    local = LocalIssuer(issuer, audience=audience, key=SigningKey("k1", algorithm))
    local.typ = settings.get("typ", "at+jwt")
    return local


def _entra_token(*scopes: str, **changes: Any) -> Make:
    def make(issuer: LocalIssuer) -> str:
        own = {
            "iss": f"{_ENTRA}/{_TENANT}/v2.0",
            "tid": _TENANT,
            "oid": "o1",
            "ver": "2.0",
            "azp": "c1",
            "scp": " ".join(scopes),
            "nbf": int(issuer.clock()) - 5,
            **dict.fromkeys(("client_id", "jti", "scope")),
        }
        return issuer.token(header={"typ": "JWT"}, **{**own, **changes})

    return make


_AUTHLIB = Migration(
    lambda: _issuer(LOGIN, API, "ES256"),
    {
        "with a token for `profile`": Row(_token("profile"), opaque=_opaque("profile")),
        "without a token": Row(None),
        "with a token for `other` alone": Row(_token("other"), opaque=_opaque("other")),
        "with a token for another API": Row(
            _token("profile", aud=_OTHER), opaque=_opaque("profile", aud=_OTHER)
        ),
        "with an expired token": Row(_expired, opaque=_expired_opaque),
        "while the authorization server is down": Row(
            _token("profile"), situation="down", opaque=_opaque("profile")
        ),
    },
    path="/profile",
    opaque=frozenset({"opaque before"}),
)

_PYJWT = Migration(
    lambda: _issuer(LOGIN, "orders"),
    {
        "with an access token": Row(_token()),
        "without a token": Row(None),
        "with an expired token": Row(_expired),
        "with a token that names another issuer": Row(_token(iss=_OTHER)),
        "with an ID token": Row(_id_token),
        "just after the issuer has replaced its key": Row(_token(), situation="rotated"),
        "while the key server is down": Row(_token(), situation="down"),
    },
    path="/me",
)

_AUTH0_PAGE = Migration(
    lambda: _issuer(_AUTH0, API),
    {
        "of `/me` with a token": Row(_token(), "/me"),
        "of `/orders` with a token for `read:orders`": Row(_token("read:orders"), "/orders"),
        "of `/orders` without a token": Row(None, "/orders"),
        "of `/orders` with a token for `read:other`": Row(_token("read:other"), "/orders"),
        "of `/orders` with a token for another API": Row(
            _token("read:orders", aud=_OTHER), "/orders"
        ),
        "of `/report` without a token": Row(None, "/report"),
        "of `/orders` while Auth0 is down": Row(_token("read:orders"), "/orders", "down"),
    },
)

_AZURE = Migration(
    lambda: _issuer(f"{_ENTRA}/{_TENANT}/v2.0", _APPLICATION),
    {
        "of `/me` with a token for `user_impersonation`": Row(
            _entra_token("user_impersonation"), "/me"
        ),
        "of `/me` without a token": Row(None, "/me"),
        "of `/me` with a token for `other`": Row(_entra_token("other"), "/me"),
        "of `/me` with a token for another application": Row(
            _entra_token("user_impersonation", aud="another"), "/me"
        ),
        "of `/admin` with the role `Admin`": Row(
            _entra_token("user_impersonation", roles=["Admin"]), "/admin"
        ),
        "of `/admin` without the role": Row(_entra_token("user_impersonation"), "/admin"),
        "of `/report` without a token": Row(None, "/report"),
        "of `/me` while Entra ID is down": Row(_entra_token("user_impersonation"), "/me", "down"),
    },
)

_MCP_PAGE = Migration(
    lambda: _issuer(LOGIN, _MCP, "ES256"),
    {
        "with a token for `notes`": Row(_token("notes")),
        "without a token": Row(None),
        "with a token for `other`": Row(_token("other")),
        "with a token for another server": Row(_token("notes", aud=_OTHER)),
        "with a token that names another issuer": Row(_token("notes", iss=_OTHER)),
        "while the authorization server is down": Row(_token("notes"), situation="down"),
    },
    path="/mcp",
    request={
        "method": "POST",
        "json": INITIALIZE,
        "headers": {"Accept": "application/json, text/event-stream"},
    },
)

MIGRATIONS: Mapping[str, Migration] = {
    "from-authlib": _AUTHLIB,
    "from-pyjwt": _PYJWT,
    "from-auth0-fastapi-api": _AUTH0_PAGE,
    "from-fastapi-azure-auth": _AZURE,
    "from-mcp-token-verifier": _MCP_PAGE,
}
