"""A header that is known reads as it would if it were read again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.jose.jws import JWS, JWSHeader, parse_jws
from tests.unit.jose.ambiguous_json import AMBIGUOUS_DOCUMENTS
from tests.unit.jose.forging import CLAIMS, HEADER, segment
from tests.unit.protocol.properties import BOUNDED

_KNOWN = 64


def _token(header: Any = HEADER, claims: Any = CLAIMS) -> str:
    return f"{segment(header)}.{segment(claims)}.{segment(b'signature')}"


def _is_known(headers: HeaderCache, header: Any) -> bool:
    """Tell by the object: what is read again is another one."""
    first, second = (headers.parse(_token(header)).header for _ in range(2))
    return first is second


_names = st.sampled_from(["alg", "typ", "kid", "jwk", "crit", "b64", "iss", "sub", "aud", "?"])
_values = st.sampled_from(["ES256", "u1", CLAIMS["iss"], None, 5, [], {"kty": "EC"}])
_changes = st.dictionaries(_names, _values, max_size=3)
_written = _changes.map(lambda changes: json.dumps(HEADER | changes).encode())
_headers = _written | st.sampled_from(list(AMBIGUOUS_DOCUMENTS.values())) | st.binary(max_size=9)
_claims = st.sampled_from([CLAIMS, {**CLAIMS, "sub": "u2"}, {}, {"aud": None}, b"[]", b""])
_tokens = st.builds(_token, _headers, _claims) | st.text("a.=é", max_size=9)


def _outcome(headers: HeaderCache | None, token: str) -> tuple[JWS, Any] | Reason:
    try:
        signed = parse_jws(token) if headers is None else headers.parse(token)
    except InvalidToken as refusal:
        return refusal.reason
    return signed, signed.header.replicated_claims


@BOUNDED
@given(good=st.lists(_tokens, max_size=5), tokens=st.lists(_tokens, max_size=5))
def test_what_is_known_changes_no_outcome(good: list[str], tokens: list[str]) -> None:
    """Whatever was called good before, and read how often: the same token or refusal."""
    headers = HeaderCache()
    for token in good:
        outcome = _outcome(headers, token)
        if not isinstance(outcome, Reason):
            headers.add(outcome[0])
    for token in [*good, *tokens]:
        assert _outcome(headers, token) == _outcome(None, token)


def test_a_header_is_read_until_it_is_remembered() -> None:
    """Reading alone remembers nothing."""
    headers = HeaderCache()
    assert not _is_known(headers, HEADER)
    headers.add(headers.parse(_token()))
    assert _is_known(headers, HEADER)
    assert headers.parse(_token()).header == JWSHeader("ES256", "at+jwt", "ES256")


def test_it_is_known_by_its_very_text() -> None:
    """The same members in other words are another header."""
    headers = HeaderCache()
    headers.add(headers.parse(_token()))
    assert not _is_known(headers, json.dumps(HEADER, indent=1).encode())


def test_a_known_header_is_held_to_the_claims_of_each_token() -> None:
    """What it repeats of one token's claims is not true of another's."""
    headers, header = HeaderCache(), {**HEADER, "sub": "u1"}
    headers.add(headers.parse(_token(header)))
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_HEADER):
        headers.parse(_token(header, {**CLAIMS, "sub": "u2"}))


def test_few_are_remembered_and_the_oldest_goes() -> None:
    """An issuer with a header of its own for each token takes no more room."""
    headers = HeaderCache()
    many = [{**HEADER, "kid": str(number)} for number in range(_KNOWN + 2)]
    for header in [*many, many[-1]]:
        headers.add(headers.parse(_token(header)))
    assert [_is_known(headers, header) for header in many] == [False] * 2 + [True] * _KNOWN
