"""The demo's resource owners, service account and clients, with fixed secrets."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ResourceOwner:
    """A person, who signs in on the login page and consents. The subject never changes."""

    login_name: str
    subject: str
    display_name: str
    organisation: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ServiceAccount:
    """A program that runs unattended. It uses the password grant and no page."""

    login_name: str
    subject: str
    display_name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class RegisteredClient:
    """A client that is registered before the demo starts. Without a secret it is public.

    Its access tokens live *token_lifetime* seconds. With *dpop_bound*, each is bound to a key.
    """

    client_id: str
    name: str
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    scope: str = "openid read write"
    token_lifetime: int = 300
    opaque_tokens: bool = False
    dpop_bound: bool = False
    client_secret: str | None = field(default=None, repr=False)


# These secrets protect only this demo, which binds loopback and prints them at start.
RESOURCE_OWNERS = (
    ResourceOwner(
        login_name="ada",
        subject="u-ada-5f1c7e90",
        display_name="Ada Lovelace",
        organisation="Engineering",
        password="engine-no-1843",
    ),
    ResourceOwner(
        login_name="grace",
        subject="u-grace-2b8d4a36",
        display_name="Grace Hopper",
        organisation="Finance",
        password="nanosecond-11.8",
    ),
)
SERVICE_ACCOUNTS = (
    ServiceAccount(
        login_name="svc-etl",
        subject="s-etl-91e0c3d7",
        display_name="Nightly ETL",
        password="etl-moves-rows",
    ),
)


#: The API as a client: it gets no tokens; it introspects those that it receives.
API = RegisteredClient(
    client_id="demo-api",
    name="Demo API",
    grant_types=(),
    client_secret="api-asks-about:you",
)


#: Reads the events of all flows for the client application, which acts for itself in this.
EVENTS = RegisteredClient(
    client_id="events",
    name="Event reader of the client application",
    grant_types=("client_credentials",),
    scope="events:read demo:control",
    client_secret="events-light-arrows",
)

#: A service with a secret in plain ASCII, which `curl -u` sends as it is.
SERVICE = RegisteredClient(
    client_id="service",
    name="People report service",
    grant_types=("password", "client_credentials", "refresh_token"),
    client_secret="service-plain-secret",
)

#: Gets opaque tokens, which the API introspects.
OPAQUE = RegisteredClient(
    client_id="opaque",
    name="Client with opaque tokens",
    grant_types=("client_credentials",),
    client_secret="opaque-means-introspected",
    opaque_tokens=True,
)

#: Gets tokens that are bound to a key; a token request without a proof is rejected.
DPOP = RegisteredClient(
    client_id="dpop",
    name="Client with bound tokens",
    grant_types=("password", "client_credentials"),
    client_secret="dpop-proves-its-key",
    dpop_bound=True,
)

#: A program on a person's machine: it has no secret, and any port of loopback (RFC 8252 §7.3).
CLI = RegisteredClient(
    client_id="cli",
    name="Command line of the code samples",
    grant_types=("authorization_code", "refresh_token"),
    redirect_uris=("http://127.0.0.1/callback",),
)

#: Gets tokens that expire after 75 seconds.
SHORT = RegisteredClient(
    client_id="short",
    name="Client with short-lived tokens",
    grant_types=("client_credentials",),
    client_secret="short-75-seconds",
    token_lifetime=75,
)

_NAMED_FOR_WHAT_THEY_SHOW = (SERVICE, CLI, SHORT, DPOP, OPAQUE)

DEFAULT_CLIENT_ORIGIN = "http://127.0.0.1:8001"


def web(client_origin: str) -> RegisteredClient:
    """Return the registration of the client application at *client_origin*."""
    return RegisteredClient(
        client_id="web",
        name="People Explorer",
        grant_types=("authorization_code", "refresh_token"),
        redirect_uris=(f"{client_origin}/callback",),
        client_secret="web-explores-people",
    )


def clients(
    origin: str, client_origin: str = DEFAULT_CLIENT_ORIGIN
) -> tuple[RegisteredClient, ...]:
    """Return the clients of a demo at *origin*; one redirect_uri is the docs page there.

    *client_origin* is the origin of the client application.
    """
    return (
        RegisteredClient(
            client_id="demo-web",
            name="Demo web application",
            grant_types=("authorization_code", "refresh_token"),
            redirect_uris=("http://localhost:5000/oauth2/callback",),
            client_secret="web-5000-callback",
        ),
        RegisteredClient(
            client_id="demo-service",
            name="Demo service",
            grant_types=("password", "client_credentials", "refresh_token"),
            # Characters that break a client which forgets to encode them (RFC 6749 §2.3.1).
            client_secret="etl%:&é-rows",
        ),
        RegisteredClient(
            client_id="demo-cli",
            name="Demo command line",
            grant_types=("authorization_code", "refresh_token"),
            # A loopback address matches with any port (RFC 8252 §7.3).
            redirect_uris=(
                "http://127.0.0.1/callback",
                "http://127.0.0.1/docs/oauth2-redirect",  # the docs page of any FastAPI app
                f"{origin}/v1/fastapi/docs/oauth2-redirect",
            ),
        ),
        web(client_origin),
        *_NAMED_FOR_WHAT_THEY_SHOW,
        EVENTS,
        API,
    )


def credentials_document(origin: str, client_origin: str = DEFAULT_CLIENT_ORIGIN) -> dict[str, Any]:
    """Return every fixed secret as one JSON document, for scripts and the documentation."""
    return {
        "issuer": origin,
        "resource": f"{origin}/v1",
        "mcp": f"{origin}/mcp",
        "resource_owners": {one.login_name: {"password": one.password} for one in RESOURCE_OWNERS},
        "service_accounts": {
            one.login_name: {"password": one.password} for one in SERVICE_ACCOUNTS
        },
        "clients": {
            one.client_id: {
                "client_id": one.client_id,
                "client_secret": one.client_secret,
                "redirect_uris": list(one.redirect_uris),
            }
            for one in clients(origin, client_origin)
        },
    }
