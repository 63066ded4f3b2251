"""How a client proves itself: Basic, a secret in the body, or not at all (RFC 6749 §2.3)."""

import base64
import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.hashing import secret_matches
from demo_api.authorization_server.requests import ServerRequest

BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"
CONFIDENTIAL = (BASIC, POST)
ANY = (BASIC, POST, NONE)

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class ClientAuthenticationError(InvalidClientError):
    """One answer, whatever was wrong with the client or its proof (RFC 6749 §5.2)."""

    status_code = 401
    description = "Client authentication failed."

    def get_headers(self) -> list[tuple[str, str]]:
        """Name the scheme; Authlib's own challenge has no realm, which RFC 7617 asks for."""
        return [*default_json_headers, ("WWW-Authenticate", 'Basic realm="authorization server"')]


def authenticate_client(
    request: ServerRequest, find: Callable[[str], Client | None]
) -> tuple[Client, str]:
    """Return the client and the method it used; exactly one method may be used.

    Authlib would try each method in turn, so a wrong Basic could still pass by the body, and
    it does not hold the client to its own percent-encoding.
    """
    client_id, secret, method = _presented(request)
    client = find(client_id)
    if method == NONE:
        accepted = client is not None
    else:
        accepted = secret_matches(client.secret_hash if client else None, secret)
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
        raise InvalidRequestError("The client authenticates in two ways at once.")
    client_id, secret = _read_basic(request.authorization_headers[0])
    if form.get("client_id", client_id) != client_id:
        raise ClientAuthenticationError
    return client_id, secret, BASIC


def _read_basic(header: str) -> tuple[str, str]:
    """Return id and secret: base64 around two form-encoded words (RFC 6749 §2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise ClientAuthenticationError
    try:
        words = base64.b64decode(encoded.strip(), validate=True).decode("ascii").split(":")
        if len(words) != 2 or any(_BAD_PERCENT.search(word) for word in words):  # noqa: PLR2004 - id and secret
            raise ClientAuthenticationError
        client_id, secret = (unquote_plus(word, errors="strict") for word in words)
    except ValueError as error:
        raise ClientAuthenticationError from error
    return client_id, secret
