"""RawToken distinguishes opaque tokens from JWTs by their form, and parses a JWT once."""

import base64
import binascii
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.protocol.raw_token import RawToken
from tests.unit.protocol.properties import BOUNDED


def segment(text: str) -> str:
    """Return *text* as a segment of a JWT."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HEADER = segment('{"alg":"ES256"}')
NAMED = segment('{"alg":"ES256","kid":"k~1x"}')  # 38 characters, one of which is `-`
SIGNED = f"{HEADER}.{segment('{}')}.{segment('x')}"


@pytest.mark.parametrize(
    ("text", "opaque", "encrypted"),
    [
        pytest.param("opaque", True, False, id="no dot"),
        pytest.param("aA0-._~+/==", True, False, id="every character"),
        pytest.param("a.b.c", True, False, id="three segments, none of them an object"),
        pytest.param(f"{segment('[1]')}.b.c", True, False, id="an array as header"),
        pytest.param("v4.local.c2VjcmV0", True, False, id="PASETO"),
        pytest.param(f"{HEADER}.b", True, False, id="two segments"),
        pytest.param(f"{HEADER}.b.c", False, False, id="signed"),
        pytest.param(f"{HEADER}.b.", False, False, id="unsigned"),
        pytest.param(f"{HEADER}=.b.c", False, False, id="padded"),
        pytest.param(f"{segment('  { odd')}.b.c", False, False, id="malformed"),
        pytest.param(f"{NAMED}.b.c", False, False, id="signed, with a character of base64url"),
        pytest.param(f"{NAMED}.b.c.d.e", False, True, id="encrypted, with such a character"),
        pytest.param(f"{HEADER}.b.c.d.e", False, True, id="encrypted"),
    ],
)
def test_form_of_a_token_decides_whether_it_is_opaque(
    text: str, opaque: bool, encrypted: bool
) -> None:
    """In doubt a token is a JWT, which is sent only to the issuer that it names."""
    token = RawToken(text)
    assert (token.is_opaque, token.is_encrypted) == (opaque, encrypted)


@BOUNDED
@given(st.sampled_from(["", " ", "\n", "\r\n\t", "   "]), st.text(), st.booleans())
def test_jwt_is_never_opaque_whatever_its_header_contains(
    space: str, key_id: str, ascii_only: bool
) -> None:
    """An opaque token is sent to an issuer that it does not name."""
    header = json.dumps({"alg": "ES256", "kid": key_id}, ensure_ascii=ascii_only)
    encoded = base64.urlsafe_b64encode((space + header).encode("utf-8", "replace"))
    token = RawToken(f"{encoded.decode().rstrip('=')}.b.c")
    assert not token.is_opaque


TOKEN68 = string.ascii_letters + string.digits + "-._~+/"
FIRST = st.text(TOKEN68.replace(".", ""), min_size=1, max_size=9)


@BOUNDED
@given(FIRST | FIRST.map(lambda rest: "~e" + rest) | FIRST.map(lambda rest: "eyJ" + rest))
def test_first_character_excludes_no_segment_that_decodes_to_an_object(first: str) -> None:
    """The first segment is decoded only if its first character allows an object."""
    base64url = first.replace("-", "+").replace("_", "/") + "==="
    try:
        header = binascii.a2b_base64(base64url)
    except ValueError:
        header = b""
    token = RawToken(f"{first}.b.c")
    assert token.is_opaque is not header.lstrip().startswith(b"{")


def test_token_is_parsed_once() -> None:
    """Every caller gets the same JWS."""
    token = RawToken(SIGNED)
    assert token.parse() is token.parse()


def test_header_of_a_parsed_token_is_cached() -> None:
    """Another token with an equal header is parsed with the cached one."""
    header_cache = HeaderCache()
    first, second = RawToken(SIGNED), RawToken(SIGNED)
    assert second.parse(header_cache).header is not first.parse(header_cache).header
    header_cache.add(first.parse())
    third = RawToken(SIGNED)
    assert third.parse(header_cache).header.is_cached
    assert third.parse(header_cache).header == first.parse().header


def test_opaque_token_does_not_parse() -> None:
    """It has no claims to read."""
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_TOKEN):
        RawToken("opaque").parse()
