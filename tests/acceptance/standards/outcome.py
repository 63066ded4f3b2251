"""The outcomes of section 3 of the conformance matrix, and what every rejection must satisfy."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from oauth_guard import ANONYMOUS
from tests.acceptance.standards.api import ISSUER, RESOURCE
from tests.acceptance.standards.recorded_response import FORM, QUERY, RecordedResponse

_SHORTEST_PART = 6
_CREDENTIALS = {b"authorization", b"proxy-authorization", b"cookie", b"dpop", QUERY, FORM}
_SCHEMES = {"bearer", "dpop", "basic", "token"}
_ERROR_MEMBERS = {"error", "error_description", "error_uri"}


def expect(response: RecordedResponse, outcome: str) -> None:
    """Assert that *response* has an *outcome* of section 3, such as `200` or `401 invalid_token`.

    There is one more: `200 anonymous`, where the handler ran for an anonymous caller.
    """
    status, _, error = outcome.partition(" ")
    assert response.status == int(status), (response.status, response.log)
    match outcome:
        case "200":
            _expect_caller(response)
            return
        case "200 anonymous":
            assert list(response.seen) == [ANONYMOUS]
            return
        case "401 none":
            assert response.challenges
            for _, parameters in response.challenges:
                assert parameters
                assert not _ERROR_MEMBERS & parameters.keys()
            assert not _ERROR_MEMBERS & _members(response).keys()
        case "503":
            assert all(each.get("error") != "invalid_token" for _, each in response.challenges)
            assert "WARNING oauth_guard " in response.log
        case _:
            assert error in [parameters.get("error") for _, parameters in response.challenges]
    expect_rejection(response)


_LOGGED = {"iss", "aud", "typ", "kid"}  # as they were found, escaped and of a limited length


def expect_rejection(response: RecordedResponse) -> None:
    """Assert what every response other than 200 must satisfy."""
    assert response.status < 500 or response.status == 503
    assert not response.seen, "the handler ran"
    assert isinstance(response.challenges, list), "each line parses"
    disclosed = repr(response.headers) + repr(response.body) + response.log
    for part in _secrets(response):
        if part in disclosed:  # the pattern is slow for a long part
            assert not re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", disclosed), part


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token without validating it; none if it is no JWT."""
    return _segment(token.split(".")[1]) if token.count(".") == 2 else {}


def _expect_caller(response: RecordedResponse) -> None:
    claims = next(filter(None, map(claims_of, _tokens(response))))
    (identity,) = response.seen
    assert identity.issuer == claims["iss"]
    assert identity.subject == claims.get("sub")
    assert identity.client_id == claims.get("client_id")
    assert identity.scopes == frozenset(filter(None, claims.get("scope", "").split(" ")))
    assert json.loads(json.dumps(identity.claims)) == claims


def _members(response: RecordedResponse) -> dict[str, Any]:
    """Return the members of a JSON body; none if the body is not JSON."""
    if response.lines("content-type") != ["application/json"]:
        return {}
    members = json.loads(response.body)
    assert isinstance(members, dict)
    return members


def _tokens(response: RecordedResponse) -> Iterator[str]:
    """Yield each part of the request that may be a token."""
    for name, value in response.sent:
        if name.lower() in _CREDENTIALS:
            parts = re.split(r"[\s,;&=\"]+", value.decode("latin-1"))
            yield from (part for part in parts if part.lower() not in _SCHEMES)


def _secrets(response: RecordedResponse) -> Iterator[str]:
    """Yield each token of the request, its segments, and each string and number in it."""
    for token in _tokens(response):
        segments = token.split(".")
        yield from (part for part in [token, *segments] if len(part) >= _SHORTEST_PART)
        if len(segments) == 3:
            for segment in segments[:2]:
                members = _segment(segment)
                hidden = {name: members[name] for name in members.keys() - _LOGGED}
                yield from (text for text in _texts(hidden) if not _is_configured(text))


def _is_configured(text: str) -> bool:
    """Return whether *text* may occur in a response because the operator configured it."""
    return text in {
        "read",
        "write",
        "admin",
        "ops",
        "dev",
        "ES256",
        "PS256",
        "GET",
        ISSUER,
    } or text.startswith(RESOURCE)


def _segment(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> Iterator[str]:
    """Yield each word in a claim, and each number long enough to be recognized."""
    match value:
        case str():
            yield from (part for part in value.split() if len(part) > 1)
        case bool() | None:
            return
        case int() | float():
            yield from (text for text in [str(value)] if len(text) >= _SHORTEST_PART)
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
