"""Starlette requests for Authlib: read once, limited in size, and strictly parsed."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    JsonPayload,
    JsonRequest,
    OAuth2Payload,
    OAuth2Request,
)
from starlette.requests import Request

_MAX_BODY = 64 * 1024
_MAX_PARAMETERS = 100
_FORM = "application/x-www-form-urlencoded"
#: The one parameter that may come several times (RFC 8707 §2).
_REPEATABLE = frozenset({"resource"})


class BodyTooLargeError(OAuth2Error):
    """The body is larger than 64 KiB."""

    error = "invalid_request"
    description = "The request body is too large."
    status_code = 413


class Parameters(OAuth2Payload):
    """The parameters of a request; one without a value counts as not sent (RFC 6749 §3.1)."""

    def __init__(self, encoded: bytes) -> None:
        """Parse an application/x-www-form-urlencoded text, or raise InvalidRequestError."""
        try:
            self._pairs = parse_qsl(
                encoded.decode("ascii"), errors="strict", max_num_fields=_MAX_PARAMETERS
            )
        except ValueError as error:
            raise InvalidRequestError("The parameters cannot be decoded.") from error

    @property
    def data(self) -> dict[str, str]:
        """The first value of each parameter."""
        return dict(reversed(self._pairs))

    @property
    def datalist(self) -> dict[str, list[str]]:
        """Every value of each parameter."""
        values: dict[str, list[str]] = {}
        for name, value in self._pairs:
            values.setdefault(name, []).append(value)
        return values

    @property
    def encoded(self) -> str:
        """The parameters as a query string in one normal form."""
        return urlencode(self._pairs)

    def require(self, name: str) -> None:
        """Raise InvalidRequestError if the parameter *name* was not sent."""
        if name not in self.data:
            raise InvalidRequestError(f"The {name} parameter is missing.")

    def reject_repeated(self) -> None:
        """Raise InvalidRequestError if a parameter was repeated (RFC 6749 §3.1 and §3.2)."""
        for name, values in self.datalist.items():
            if len(values) > 1 and name not in _REPEATABLE:
                raise InvalidRequestError("A parameter was sent more than once.")


class ServerRequest(OAuth2Request):
    """A request to an OAuth endpoint, with its parameters."""

    payload: Parameters

    def __init__(self, request: Request, encoded: bytes) -> None:
        """Take the parameters from *encoded*: the query of /authorize, the body of the others."""
        # Authlib requires https. The demo decides about transport once, when it binds loopback, and
        # not by the Host header of each request, so Authlib gets an address that passes.
        super().__init__(request.method, "https://authorization-server.invalid/")
        self.dpop_proofs = request.headers.getlist("dpop")
        self.authorization_headers = request.headers.getlist("authorization")
        #: The address of the caller, by which failed attempts are counted.
        self.source = request.client.host if request.client else ""
        self.payload = Parameters(encoded)

    @property
    def form(self) -> dict[str, str]:
        """The parameters, under the name that Authlib uses at the token endpoint."""
        return self.payload.data


class _Members(JsonPayload):
    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    @property
    def data(self) -> dict[str, Any]:
        return self._members


class RegistrationRequest(JsonRequest):
    """Client metadata from the JSON endpoint or from the page."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        """Wrap the members of *metadata*."""
        super().__init__("POST", "")
        self.payload: JsonPayload = _Members(metadata)


async def read_body(request: Request, media_type: str = _FORM) -> bytes:
    """Return the body, at most 64 KiB, if it is of *media_type*; otherwise raise an OAuth2Error."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise InvalidRequestError(f"The body must be {media_type}.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise BodyTooLargeError
    return body


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object, or raise InvalidRequestError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not JSON.") from error
    if not isinstance(value, dict):
        raise InvalidRequestError("The body is not a JSON object.")
    return value
