"""Credentials are read in one way from whatever bytes a request carries, or refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import (
    InvalidRequest,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.protocol.credentials import (
    MAX_CREDENTIALS_BYTES,
    BearerMethods,
    Credentials,
)
from oauth_guard.protocol.request import ResourceRequest, read_credentials
from tests.unit.protocol.properties import BOUNDED

_BY_HEADER = BearerMethods()
_LONGEST = b"Bearer " + b"a" * (MAX_CREDENTIALS_BYTES - len(b"Bearer "))


def _request(*headers: tuple[bytes, bytes]) -> ResourceRequest:
    return ResourceRequest({"headers": headers})


def _read(value: bytes) -> Credentials:
    """Return credentials whose token is parsed."""
    credentials = read_credentials(_request((b"authorization", value)), _BY_HEADER)
    assert credentials.token is credentials.token
    return credentials


@pytest.mark.parametrize(
    ("value", "token"),
    [
        pytest.param(b"Bearer abc", "abc", id="as RFC 6750 writes it"),
        pytest.param(b"bearer abc", "abc", id="in lower case"),
        pytest.param(b"bEaReR abc", "abc", id="in any case"),
        pytest.param(b"Bearer    abc", "abc", id="several spaces"),
        pytest.param(b" \tBearer abc\t ", "abc", id="white space around"),
        pytest.param(b"Bearer aA0-._~+/==", "aA0-._~+/==", id="the whole alphabet"),
        pytest.param(b"Bearer a=", "a=", id="one ="),
        pytest.param(_LONGEST, "a" * (len(_LONGEST) - 7), id="the longest"),
    ],
)
def test_a_bearer_token_is_read(value: bytes, token: str) -> None:
    """The scheme in any case, spaces, one token68."""
    assert _read(value).token.text == token


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"   ", id="spaces"),
        pytest.param(b"abc", id="a token alone"),
        pytest.param(b"Basic dTpw", id="Basic"),
        pytest.param(b"DPoP abc", id="DPoP"),
        pytest.param(b"Token abc", id="Token"),
        pytest.param(b"BearerT", id="no space"),
        pytest.param(b"Bearerx abc", id="a longer scheme"),
        pytest.param(b'"Bearer" abc', id="a quoted scheme"),
        pytest.param(b"\xffBearer abc", id="a byte before"),
        pytest.param(b"\x00Bearer abc", id="a NUL before"),
        pytest.param(b"\nBearer abc", id="a line break before"),
        pytest.param("Ｂearer abc".encode(), id="a full-width letter"),  # noqa: RUF001 - meant
        pytest.param(b"Digest username=Bearer abc", id="another scheme's parameters"),
    ],
)
def test_another_scheme_is_no_attempt(value: bytes) -> None:
    """Credentials of a scheme that is not ours count as none."""
    with pytest.raises(MissingCredentials) as caught:
        _read(value)
    assert caught.value.reason is Reason.UNSUPPORTED_SCHEME


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"Bearer", id="the scheme alone"),
        pytest.param(b"Bearer ", id="a space and no more"),
        pytest.param(b"Bearer\tabc", id="a tab for the space"),
        pytest.param(b"Bearer \tabc", id="a tab behind the space"),
        pytest.param(b"Bearer,abc", id="a comma for the space"),
        pytest.param(b"Bearer=abc", id="an = for the space"),
        pytest.param(b"Bearer a b", id="a space inside"),
        pytest.param(b"Bearer a,b", id="a comma inside"),
        pytest.param(b"Bearer a=b", id="an = inside"),
        pytest.param(b"Bearer a==b==", id="more = inside"),
        pytest.param(b"Bearer =", id="an = alone"),
        pytest.param(b"Bearer a%b", id="a percent sign"),
        pytest.param(b'Bearer "abc"', id="quotes"),
        pytest.param(b'Bearer token="abc"', id="a parameter"),
        pytest.param(b"Bearer a\x00b", id="a NUL"),
        pytest.param(b"Bearer abc\r\nX: y", id="a line break"),
        pytest.param(b"Bearer a\xe9b", id="a byte outside ASCII"),
        pytest.param("Bearer aéb".encode(), id="a letter outside ASCII"),
        pytest.param(b"Bearer abc, Bearer abc", id="two in one field"),
        pytest.param(b"Bearer abc, Basic dTpw", id="two schemes in one field"),
        pytest.param(b"Bearer" + b" " * 16_000, id="spaces without end"),
        pytest.param(b"Bearer " + b"a=" * 8_000, id="= without end"),
        pytest.param(b"Bearer " + b"=" * 16_000, id="padding without end"),
    ],
)
def test_malformed_credentials_are_a_malformed_request(value: bytes) -> None:
    """Our scheme, and behind it anything but one token68."""
    with pytest.raises(InvalidRequest) as caught:
        _read(value)
    assert caught.value.reason is Reason.MALFORMED_CREDENTIALS


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(_LONGEST + b"a", id="a token"),
        pytest.param(_LONGEST + b" ", id="white space behind"),
        pytest.param(b"Basic " + b"a" * MAX_CREDENTIALS_BYTES, id="another scheme"),
        pytest.param(b" " * (MAX_CREDENTIALS_BYTES + 1), id="spaces"),
    ],
)
def test_what_is_too_long_is_not_looked_at(value: bytes) -> None:
    """A field past 16 KiB is refused before anything in it is read."""
    with pytest.raises(InvalidRequest) as caught:
        _read(value)
    assert caught.value.reason is Reason.CREDENTIALS_TOO_LONG


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param([], Reason.NO_CREDENTIALS, id="no fields"),
        pytest.param([(b"cookie", b"access_token=abc")], Reason.NO_CREDENTIALS, id="a cookie"),
        pytest.param(
            [(b"proxy-authorization", b"Bearer abc")], Reason.NO_CREDENTIALS, id="a proxy's field"
        ),
        pytest.param([(b"authorization ", b"Bearer abc")], Reason.NO_CREDENTIALS, id="a space"),
        pytest.param(
            [(b"authorization", b"Bearer abc")] * 2, Reason.SEVERAL_CREDENTIALS, id="one twice"
        ),
        pytest.param(
            [(b"authorization", b"Basic dTpw"), (b"Authorization", b"Bearer abc")],
            Reason.SEVERAL_CREDENTIALS,
            id="two in different case",
        ),
        pytest.param(
            [(b"authorization", b""), (b"authorization", b"Bearer abc")],
            Reason.SEVERAL_CREDENTIALS,
            id="an empty one beside",
        ),
    ],
)
def test_one_field_carries_credentials(headers: list[tuple[bytes, bytes]], reason: Reason) -> None:
    """None is no attempt, two are a malformed request: neither the first nor the last wins."""
    with pytest.raises(RequestRejected) as caught:
        read_credentials(_request(*headers), _BY_HEADER)
    assert caught.value.reason is reason


def test_a_fields_name_may_be_in_any_case() -> None:
    """ASGI does not oblige servers to write names in lower case."""
    request = _request((b"accept", b"*/*"), (b"AUTHORIZATION", b"Bearer abc"))
    assert read_credentials(request, _BY_HEADER).token.text == "abc"


_VALUES = st.binary() | st.binary().map(lambda rest: b"Bearer " + rest)
_NAMES = st.sampled_from([b"authorization", b"Authorization", b"x"]) | st.binary(max_size=4)


@BOUNDED
@given(headers=st.lists(st.tuples(_NAMES, _VALUES), max_size=3))
def test_any_bytes_are_credentials_or_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """Nothing but `RequestRejected` comes out of bytes that are no credentials."""
    with suppress(RequestRejected):
        assert read_credentials(_request(*headers), _BY_HEADER).token.text
