"""Read scheme and token off a request (RFC 6750 §2.1, RFC 9110 §11.4)."""

import string
from dataclasses import dataclass

from oauth_guard.errors import InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.presented_token import PresentedToken
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["MAX_CREDENTIALS_BYTES", "Credentials", "read_credentials"]

MAX_CREDENTIALS_BYTES = 16 * 1024
"""The longest `Authorization` value that is looked at, in bytes."""

_SCHEME = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_TOKEN68 = (string.ascii_letters + string.digits + "-._~+/").encode()


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Scheme and token as presented; nothing of them is believed yet.

    The `repr` tells neither, since a token is as good as its owner.
    """

    scheme: str
    token: PresentedToken


def read_credentials(request: ResourceRequest) -> Credentials:
    """Return the one set of credentials that *request* carries.

    Only syntax is checked here: one field, a scheme we know, one token68 within the bound.

    Raises:
        MissingCredentials: There is no `Authorization` field, or its scheme is not ours.
        InvalidRequest: There are several, or the value is malformed or over the bound.
    """
    field = _authorization(request)
    if len(field) > MAX_CREDENTIALS_BYTES:
        raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
    field = field.strip(b" \t")  # optional white space is no part of a field value
    rest = field.lstrip(_SCHEME)
    scheme = field[: len(field) - len(rest)]
    if scheme.lower() != b"bearer":
        raise MissingCredentials(Reason.UNSUPPORTED_SCHEME)
    token = rest.lstrip(b" ")
    if len(token) == len(rest) or not _is_token68(token):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return Credentials("Bearer", PresentedToken(token.decode("ascii")))


def _authorization(request: ResourceRequest) -> bytes:
    # Servers lower-case header names, but ASGI does not oblige them to.
    fields = [value for name, value in request.headers if name.lower() == b"authorization"]
    match fields:
        case []:
            raise MissingCredentials
        case [field]:
            return field
        case _:
            raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)


def _is_token68(token: bytes) -> bool:
    body = token.rstrip(b"=")
    return bool(body) and not body.translate(None, _TOKEN68)
