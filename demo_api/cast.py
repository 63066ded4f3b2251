"""The demo's cast: resource owners, a service account and clients, with fixed secrets."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ResourceOwner:
    """A person: signs in on the login page and consents; the subject never changes."""

    login_name: str
    subject: str
    display_name: str
    organisation: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ServiceAccount:
    """A program that runs unattended: uses the password grant and never sees a page."""

    login_name: str
    subject: str
    display_name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class RegisteredClient:
    """A client that was registered before the demo started; without a secret it is public."""

    client_id: str
    name: str
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    client_secret: str | None = field(default=None, repr=False)


# These secrets open nothing but this demo, which binds loopback and says them aloud at start.
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


#: The API itself, which gets no tokens: it asks about those that it is sent.
API = RegisteredClient(
    client_id="demo-api",
    name="Demo API",
    grant_types=(),
    client_secret="api-asks-about:you",
)


def clients(origin: str) -> tuple[RegisteredClient, ...]:
    """Return the clients of a demo at *origin*; the docs page there is one of their homes."""
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
        API,
    )


def credentials_document(origin: str) -> dict[str, Any]:
    """Return every fixed secret as one JSON document, for scripts and for README."""
    return {
        "issuer": origin,
        "resource": f"{origin}/v1",
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
            for one in clients(origin)
        },
    }
