"""A token is opaque when it has not the shape of a JWT, well-formed or not."""

import base64
import binascii
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.raw_token import RawToken
from tests.unit.protocol.properties import BOUNDED


def segment(text: str) -> str:
    """Return *text* as a segment of a JWT."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HEADER = segment('{"alg":"ES256"}')
NAMED = segment('{"alg":"ES256","kid":"k~1x"}')  # 38 characters, of which one is a `-`


@pytest.mark.parametrize(
    ("text", "opaque", "encrypted"),
    [
        pytest.param("opaque", True, False, id="one word"),
        pytest.param("aA0-._~+/==", True, False, id="every character"),
        pytest.param("a.b.c", True, False, id="three words"),
        pytest.param(f"{segment('[1]')}.b.c", True, False, id="no object"),
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
def test_its_shape_is_told(text: str, opaque: bool, encrypted: bool) -> None:
    """In doubt it is a JWT, which goes to nobody but the issuer that it names."""
    token = RawToken(text)
    assert (token.opaque, token.encrypted) == (opaque, encrypted)


@BOUNDED
@given(st.sampled_from(["", " ", "\n", "\r\n\t", "   "]), st.text(), st.booleans())
def test_whatever_its_header_says_a_jwt_is_none(space: str, key_id: str, ascii_only: bool) -> None:
    """Else it would be shown to an issuer that it does not name, or be refused as junk."""
    header = json.dumps({"alg": "ES256", "kid": key_id}, ensure_ascii=ascii_only)
    encoded = base64.urlsafe_b64encode((space + header).encode("utf-8", "replace"))
    token = RawToken(f"{encoded.decode().rstrip('=')}.b.c")
    assert not token.opaque
    assert token.may_be_jwt


TOKEN68 = string.ascii_letters + string.digits + "-._~+/"
FIRST = st.text(TOKEN68.replace(".", ""), min_size=1, max_size=9)


@BOUNDED
@given(FIRST | FIRST.map(lambda rest: "~e" + rest) | FIRST.map(lambda rest: "eyJ" + rest))
def test_a_glance_is_enough(first: str) -> None:
    """Whatever the first segment is, it is decoded only where that may make a difference."""
    base64url = first.replace("-", "+").replace("_", "/") + "==="
    try:
        header = binascii.a2b_base64(base64url)
    except ValueError:
        header = b""
    token = RawToken(f"{first}.b.c")
    is_jwt = header.lstrip().startswith(b"{")
    assert token.opaque is not is_jwt
    assert token.may_be_jwt is (is_jwt or first.startswith("ey"))


def test_a_jwt_is_taken_apart_once() -> None:
    """Whoever looks sees the same parts."""
    token = RawToken(f"{HEADER}.{segment('{}')}.{segment('x')}")
    assert token.signed is token.signed


def test_what_is_no_jwt_is_no_signed_token() -> None:
    """An opaque token has no claims to read."""
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_TOKEN):
        _ = RawToken("opaque").signed
