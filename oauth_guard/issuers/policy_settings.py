"""check_urls() and check_client(): what a policy decision point may be configured with."""

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.client_auth import (
    ClientSecretPost,
    PrivateKeyJWT,
    check_authentication,
)
from oauth_guard.protocol.urls import parse_url

__all__ = ["check_client", "check_urls"]


def check_urls(url: str, endpoint: str | None, *, insecure_http: bool) -> None:
    """Check the identifier of a policy decision point, and the URL of its endpoint.

    Raises:
        ConfigurationError: One is no https URL, or the identifier has a query.
    """
    parts = parse_url(url, setting="url", insecure_http=insecure_http)
    if "?" in url or "/.well-known/" in parts.path:
        raise ConfigurationError(
            "url is the identifier of the policy decision point, without query: write "
            "https://pdp.example.com, and the URL of its evaluation endpoint as endpoint=."
        )
    if endpoint is not None:
        parse_url(endpoint, setting="endpoint=", insecure_http=insecure_http)


def check_client(client: object, http: object) -> None:
    """Check that *client* can authenticate a request whose body is JSON.

    Raises:
        ConfigurationError: It is sent in a form, or `check_authentication` rejects it.
    """
    if client is not None:
        check_authentication(client, http)
    if isinstance(client, ClientSecretPost | PrivateKeyJWT):
        raise ConfigurationError(
            f"A policy decision point gets JSON, and {type(client).__name__} is sent in a form: "
            "use ClientSecretBasic, BearerToken or MutualTLS."
        )
