"""A cached header gives the same result as a header that is parsed again."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.jose.jws import JWS, NO_HEADERS, JWSHeader, parse_jws
from tests.unit.jose.ambiguous_json import AMBIGUOUS_DOCUMENTS
from tests.unit.jose.forging import CLAIMS, HEADER, segment
from tests.unit.protocol.properties import BOUNDED

_MAX_HEADERS = 64


def _token(header: Any = HEADER, claims: Any = CLAIMS) -> str:
    return f"{segment(header)}.{segment(claims)}.{segment(b'signature')}"


def _is_cached(headers: HeaderCache, header: Any) -> bool:
    """Return whether two tokens get the same header object."""
    first, second = (parse_jws(_token(header), headers).header for _ in range(2))
    return first is second


_names = st.sampled_from(["alg", "typ", "kid", "jwk", "crit", "b64", "iss", "sub", "aud", "?"])
_values = st.sampled_from(["ES256", "u1", CLAIMS["iss"], None, 5, [], {"kty": "EC"}])
_changes = st.dictionaries(_names, _values, max_size=3)
_written = _changes.map(lambda changes: json.dumps(HEADER | changes).encode())
_headers = _written | st.sampled_from(list(AMBIGUOUS_DOCUMENTS.values())) | st.binary(max_size=9)
_claims = st.sampled_from([CLAIMS, {**CLAIMS, "sub": "u2"}, {}, {"aud": None}, b"[]", b""])
_tokens = st.builds(_token, _headers, _claims) | st.text("a.=é", max_size=9)


def _outcome(headers: Mapping[bytes, JWSHeader], token: str) -> tuple[JWS, Any] | Reason:
    try:
        signed = parse_jws(token, headers)
    except InvalidToken as error:
        return error.reason
    return signed, signed.header.replicated_claims


def test_header_that_was_cached_meanwhile_is_kept() -> None:
    """Two new tokens with an equal header may be validated at the same time."""
    headers = HeaderCache()
    first, second = (parse_jws(_token(), headers) for _ in range(2))
    headers.add(first)
    cached = parse_jws(_token(), headers).header
    headers.add(second)
    assert parse_jws(_token(), headers).header is cached


@BOUNDED
@given(cached=st.lists(_tokens, max_size=5), tokens=st.lists(_tokens, max_size=5))
def test_cached_headers_do_not_change_the_result_of_parsing(
    cached: list[str], tokens: list[str]
) -> None:
    """Any tokens may be cached, valid or not, and parsed any number of times."""
    headers = HeaderCache()
    for token in cached:
        outcome = _outcome(headers, token)
        if not isinstance(outcome, Reason):
            headers.add(outcome[0])
    for token in [*cached, *tokens]:
        assert _outcome(headers, token) == _outcome(NO_HEADERS, token)


def test_header_is_cached_by_add_and_not_by_parsing() -> None:
    """Only the header of a token that validated is added."""
    headers = HeaderCache()
    assert not _is_cached(headers, HEADER)
    headers.add(parse_jws(_token(), headers))
    assert _is_cached(headers, HEADER)
    assert parse_jws(_token(), headers).header == JWSHeader("ES256", "at+jwt", "ES256")


def test_equal_header_in_another_encoding_is_not_cached() -> None:
    """The key of the cache is the encoded header."""
    headers = HeaderCache()
    headers.add(parse_jws(_token(), headers))
    assert not _is_cached(headers, json.dumps(HEADER, indent=1).encode())


def test_replicated_claim_of_a_cached_header_is_checked_for_each_token() -> None:
    """The payload of another token may have another value."""
    headers, header = HeaderCache(), {**HEADER, "sub": "u1"}
    headers.add(parse_jws(_token(header), headers))
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_HEADER):
        parse_jws(_token(header, {**CLAIMS, "sub": "u2"}), headers)


def test_oldest_of_more_than_64_headers_is_evicted() -> None:
    """An issuer that writes a new header for each token takes no more memory."""
    headers = HeaderCache()
    many = [{**HEADER, "kid": str(number)} for number in range(_MAX_HEADERS + 2)]
    for header in [*many, many[-1]]:
        headers.add(parse_jws(_token(header), headers))
    assert [_is_cached(headers, header) for header in many] == [False] * 2 + [True] * _MAX_HEADERS
