"""Client authentication: Basic, a secret in the body, or none (RFC 6749 §2.3)."""

import base64
import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from demo_api.authorization_server.attempts import Attempts
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.hashing import secret_matches
from demo_api.authorization_server.requests import ServerRequest

BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"
CONFIDENTIAL = (BASIC, POST)
ANY = (BASIC, POST, NONE)

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class ClientAuthenticationError(InvalidClientError):
    """The same error for every failed client authentication (RFC 6749 §5.2)."""

    status_code = 401
    description = "Client authentication failed."

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the challenge; Authlib's own has no realm, which RFC 7617 §2 requires."""
        return [*default_json_headers, ("WWW-Authenticate", 'Basic realm="authorization server"')]


def authenticate_client(
    request: ServerRequest, find: Callable[[str], Client | None], attempts: Attempts
) -> tuple[Client, str]:
    """Return the client and the method it used; exactly one method may be used.

    Authlib tries each method in turn, so a request with a wrong Basic header could pass by its
    body; and it does not check the percent-encoding of the Basic pair.

    Raises:
        ClientAuthenticationError: The client is unknown, or its secret or method is wrong.
        TooManyAttemptsError: Too many secrets for this client were wrong; this one is not checked.
    """
    client_id, secret, method = _presented(request)
    client = find(client_id)
    if method == NONE:
        accepted = client is not None
    else:
        attempts.check(f"client {client_id}")
        accepted = secret_matches(client.secret_hash if client else None, secret)
        attempts.record(f"client {client_id}", succeeded=accepted)
    if client is None or not accepted or method not in client.auth_methods:
        raise ClientAuthenticationError
    return client, method


def _presented(request: ServerRequest) -> tuple[str, str, str]:
    form = request.form
    if len(request.authorization_headers) > 1:
        raise InvalidRequestError("There is more than one Authorization header.")
    if not request.authorization_headers:
        if "client_id" not in form:
            raise ClientAuthenticationError
        method = POST if "client_secret" in form else NONE
        return form["client_id"], form.get("client_secret", ""), method
    if "client_secret" in form:
        raise InvalidRequestError("The client authenticates in two ways.")
    client_id, secret = _read_basic(request.authorization_headers[0])
    if form.get("client_id", client_id) != client_id:
        raise ClientAuthenticationError
    return client_id, secret, BASIC


def _read_basic(header: str) -> tuple[str, str]:
    """Return id and secret: base64 of two form-encoded values (RFC 6749 §2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise ClientAuthenticationError
    try:
        parts = base64.b64decode(encoded.strip(), validate=True).decode("ascii").split(":")
        if len(parts) != 2 or any(_BAD_PERCENT.search(part) for part in parts):  # noqa: PLR2004 - id and secret
            raise ClientAuthenticationError
        client_id, secret = (unquote_plus(part, errors="strict") for part in parts)
    except ValueError as error:
        raise ClientAuthenticationError from error
    return client_id, secret
