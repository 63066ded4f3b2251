"""challenge(): the parsed challenge of a response, and the challenges to compare it with."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Challenge",
    "challenge",
    "insufficient_scope",
    "invalid_request",
    "invalid_token",
    "missing_token",
    "unavailable",
]

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_PARAMETER = re.compile(rf"({_NAME})[ \t]*=[ \t]*({_NAME}|{_QUOTED})")
_SEPARATOR = re.compile(r"[ \t]*,[ \t]*")
_SCHEME = re.compile(rf"({_NAME}) +")
_REJECTIONS = range(400, 600)


@dataclass(frozen=True)
class Challenge:
    """The rejection of a request (RFC 6750 §3); equal if status, error and scopes are equal.

    Attributes:
        status: The HTTP status.
        error: The `error` parameter; None if the challenge has none.
        scopes: The scopes that the challenge names.
        scheme: The authentication scheme; None if the response has no challenge. Not compared.
        parameters: All parameters, such as `realm` and `resource_metadata`. Not compared.
    """

    status: int
    error: str | None = None
    scopes: frozenset[str] = frozenset()
    scheme: str | None = field(default=None, compare=False, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


def challenge(response: Any, scheme: str | None = None) -> Challenge:
    """Return the challenge of *response*, which is of httpx, httpx2 or Starlette's `TestClient`.

    Args:
        response: The response to a rejected request or handshake.
        scheme: The scheme of the wanted challenge; by default the first with an `error` is
            returned, else the first.

    Raises:
        AssertionError: The response is no rejection, a challenge in it is malformed (RFC 9110
            §11.6.1), or none has *scheme*.
    """
    status = response.status_code
    if status not in _REJECTIONS:
        raise AssertionError(f"the request was not rejected: its response has status {status}")
    found = [_parse(status, line) for line in _lines(response.headers)]
    if scheme is not None:
        found = [each for each in found if each.scheme == scheme]
        if not found:
            raise AssertionError(f"the response has no challenge of the scheme {scheme}")
    return next((each for each in found if each.error), found[0] if found else Challenge(status))


def missing_token(*scopes: str) -> Challenge:
    """Return the challenge to a request without a token: 401, no error, maybe *scopes*."""
    return Challenge(401, None, frozenset(scopes))


def invalid_token() -> Challenge:
    """Return the challenge to a request whose token is not valid here: 401."""
    return Challenge(401, "invalid_token")


def invalid_request() -> Challenge:
    """Return the challenge to a malformed request, or one with several tokens: 400."""
    return Challenge(400, "invalid_request")


def insufficient_scope(*scopes: str) -> Challenge:
    """Return the challenge to a token that does not grant *scopes*: 403."""
    return Challenge(403, "insufficient_scope", frozenset(scopes))


def unavailable() -> Challenge:
    """Return the response while the issuer can't be reached: 503, without a challenge."""
    return Challenge(503)


def _lines(headers: Any) -> Iterable[str]:
    """Return the lines of `WWW-Authenticate`, from the headers of any of the three clients."""
    name = "www-authenticate"
    lines: list[str] = (
        headers.get_list(name) if hasattr(headers, "get_list") else headers.getlist(name)
    )
    return lines


def _parse(status: int, line: str) -> Challenge:
    scheme, parameters = _parameters(line)
    scopes = frozenset(parameters.get("scope", "").split())
    return Challenge(status, parameters.get("error"), scopes, scheme, parameters)


def _parameters(line: str) -> tuple[str, dict[str, str]]:
    """Return the scheme and the unescaped parameters of the one challenge in *line*."""
    found = _SCHEME.match(line)
    if found is None:
        raise AssertionError(f"no scheme with parameters: {line!r}")
    at = found.end()
    parameters: dict[str, str] = {}
    while True:
        parameter = _PARAMETER.match(line, at)
        if parameter is None:
            raise AssertionError(f"no parameter at {at}: {line!r}")
        name, value, at = parameter[1].lower(), parameter[2], parameter.end()
        if name in parameters:
            raise AssertionError(f"duplicate parameter {name}: {line!r}")
        parameters[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
        if at == len(line):
            return found[1], parameters
        separator = _SEPARATOR.match(line, at)
        if separator is None:
            raise AssertionError(f"no comma at {at}: {line!r}")
        at = separator.end()
