"""The outcomes of section 3 of the conformance matrix, and what each non-200 answer owes."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from oauth_guard import ANONYMOUS
from tests.acceptance.standards.answer import FORM, QUERY, Answer
from tests.acceptance.standards.api import ISSUER, RESOURCE

_SHORTEST_PART = 6
_CREDENTIALS = {b"authorization", b"proxy-authorization", b"cookie", b"dpop", QUERY, FORM}
_SCHEMES = {"bearer", "dpop", "basic", "token"}
_ERROR_MEMBERS = {"error", "error_description", "error_uri"}


def expect(answer: Answer, outcome: str) -> None:
    """Hold *answer* to an *outcome* of section 3, such as `200` or `401 invalid_token`.

    Beside those there is `200 anonymous`: the handler ran and saw nobody.
    """
    status, _, error = outcome.partition(" ")
    assert answer.status == int(status), (answer.status, answer.log)
    match outcome:
        case "200":
            _saw_the_caller(answer)
            return
        case "200 anonymous":
            assert list(answer.seen) == [ANONYMOUS]
            return
        case "401 none":
            assert answer.challenges
            for _, parameters in answer.challenges:
                assert parameters
                assert not _ERROR_MEMBERS & parameters.keys()
            assert not _ERROR_MEMBERS & _members(answer).keys()
        case "503":
            assert all(each.get("error") != "invalid_token" for _, each in answer.challenges)
            assert "WARNING oauth_guard " in answer.log
        case _:
            assert error in [parameters.get("error") for _, parameters in answer.challenges]
    refused(answer)


def refused(answer: Answer) -> None:
    """Hold *answer* to what every answer owes that is not 200."""
    assert answer.status < 500 or answer.status == 503
    assert not answer.seen, "the handler ran"
    assert isinstance(answer.challenges, list), "each line parses"
    told = repr(answer.headers) + repr(answer.body) + answer.log
    for part in _secrets(answer):
        assert not re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", told), part


def asserted(token: str) -> dict[str, Any]:
    """Return the claims of a token, whether or not they are true; none if it has none."""
    return _segment(token.split(".")[1]) if token.count(".") == 2 else {}


def _saw_the_caller(answer: Answer) -> None:
    claims = next(filter(None, map(asserted, _tokens(answer))))
    (identity,) = answer.seen
    assert identity.issuer == claims["iss"]
    assert identity.subject == claims.get("sub")
    assert identity.client_id == claims.get("client_id")
    assert identity.scopes == frozenset(filter(None, claims.get("scope", "").split(" ")))
    assert json.loads(json.dumps(identity.claims)) == claims


def _members(answer: Answer) -> dict[str, Any]:
    """Return the members of a JSON body; none if the body is something else."""
    if answer.lines("content-type") != ["application/json"]:
        return {}
    members = json.loads(answer.body)
    assert isinstance(members, dict)
    return members


def _tokens(answer: Answer) -> Iterator[str]:
    """Yield whatever might be a token in the request."""
    for name, value in answer.sent:
        if name.lower() in _CREDENTIALS:
            words = re.split(r"[\s,;&=\"]+", value.decode("latin-1"))
            yield from (word for word in words if word.lower() not in _SCHEMES)


def _secrets(answer: Answer) -> Iterator[str]:
    """Yield the parts of what was presented, and everything that it says."""
    for token in _tokens(answer):
        segments = token.split(".")
        yield from (part for part in [token, *segments] if len(part) >= _SHORTEST_PART)
        if len(segments) == 3:
            for segment in segments[:2]:
                yield from (text for text in _words(_segment(segment)) if not _told(text))


def _told(text: str) -> bool:
    """Tell whether a token may say *text* and an answer too, since the operator configured it."""
    return text in {"read", "write", "admin", ISSUER} or text.startswith(RESOURCE)


def _segment(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _words(value: object) -> Iterator[str]:
    """Yield each word that a claim says, and each number long enough to be told apart."""
    match value:
        case str():
            yield from (word for word in value.split() if len(word) > 1)
        case bool() | None:
            return
        case int() | float():
            yield from (text for text in [str(value)] if len(text) >= _SHORTEST_PART)
        case Mapping():
            for item in value.values():
                yield from _words(item)
        case list():
            for item in value:
                yield from _words(item)
