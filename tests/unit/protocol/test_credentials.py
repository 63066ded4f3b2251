"""Credentials: any bytes in an `Authorization` field are one bearer token, or rejected."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.protocol.credentials import (
    MAX_CREDENTIALS_BYTES,
    BearerMethods,
)
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.token_cookie import TokenCookie
from tests.unit.protocol.properties import BOUNDED

_BY_HEADER = BearerMethods()
_LONGEST = b"Bearer " + b"a" * (MAX_CREDENTIALS_BYTES - len(b"Bearer "))


def _token_of(*headers: tuple[bytes, bytes]) -> str:
    request = ResourceRequest({"headers": headers})
    request.read_credentials(_BY_HEADER)
    assert request.token is request.token
    return request.token.text


def _token_in(value: bytes) -> str:
    return _token_of((b"authorization", value))


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
def test_bearer_credentials_yield_their_token(value: bytes, token: str) -> None:
    """The scheme in any case, spaces, one token68."""
    assert _token_in(value) == token


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
def test_credentials_of_another_scheme_count_as_missing(value: bytes) -> None:
    """The client may have another way to authenticate (RFC 6750 §3.1)."""
    with pytest.raises(MissingCredentials) as caught:
        _token_in(value)
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
def test_malformed_bearer_credentials_are_an_invalid_request(value: bytes) -> None:
    """The scheme is Bearer, and anything but one token68 follows."""
    with pytest.raises(InvalidRequest) as caught:
        _token_in(value)
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
def test_field_that_is_too_long_is_rejected_before_it_is_parsed(value: bytes) -> None:
    """Whatever its scheme: the limit is 16 KiB."""
    with pytest.raises(InvalidRequest) as caught:
        _token_in(value)
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
def test_request_without_exactly_one_field_is_rejected(
    headers: list[tuple[bytes, bytes]], reason: Reason
) -> None:
    """With none the credentials are missing; of two, neither the first nor the last is used."""
    with pytest.raises(RequestRejected) as caught:
        _token_of(*headers)
    assert caught.value.reason is reason


def test_field_name_in_any_case_is_found() -> None:
    """ASGI does not require servers to write names in lower case."""
    assert _token_of((b"accept", b"*/*"), (b"AUTHORIZATION", b"Bearer abc")) == "abc"


@pytest.mark.parametrize(
    ("names", "expected", "ordered"),
    [
        (["header"], BearerMethods(), ("header",)),
        ("header", BearerMethods(), ("header",)),
        (["query", "header"], BearerMethods(query=True), ("header", "query")),
        (["header", "body"], BearerMethods(body=True), ("header", "body")),
        (
            {"body", "header", "query"},
            BearerMethods(query=True, body=True),
            ("header", "body", "query"),
        ),
    ],
    ids=["list", "text", "query", "body", "set"],
)
def test_bearer_methods_have_their_registered_names_in_one_order(
    names: list[str], expected: BearerMethods, ordered: tuple[str, ...]
) -> None:
    """However they were written (RFC 9728 §2)."""
    read = BearerMethods.of(names, require_https=False)
    assert (read, read.names) == (expected, ordered)
    assert BearerMethods.of(names, require_https=True).require_https


@pytest.mark.parametrize(
    ("methods", "is_alone"),
    [
        pytest.param(BearerMethods(), True, id="by default"),
        pytest.param(BearerMethods(require_https=True, dpop=True), True, id="over TLS, with DPoP"),
        pytest.param(BearerMethods(query=True), False, id="a query"),
        pytest.param(BearerMethods(body=True), False, id="a form"),
        pytest.param(BearerMethods(subprotocol=True), False, id="a subprotocol"),
        pytest.param(BearerMethods(connection_init=True), False, id="the first message"),
        pytest.param(BearerMethods(token_header=b"x-token"), False, id="a header of a proxy"),
        pytest.param(
            BearerMethods(token_cookie=TokenCookie.of("t", "http://127.0.0.1")),
            False,
            id="a cookie",
        ),
    ],
)
def test_authorization_is_read_alone_if_no_other_place_may_carry_a_token(
    methods: BearerMethods, *, is_alone: bool
) -> None:
    """Only then is a cached token found by this field alone, and nothing else prepared."""
    assert methods.header_only == is_alone


@pytest.mark.parametrize("names", [[], "query", ["query"], ["header", "cookie"], ["Header"]])
def test_unknown_bearer_method_or_a_missing_header_is_a_configuration_error(
    names: list[str],
) -> None:
    """The header is required (RFC 6750 §2.1)."""
    with pytest.raises(ConfigurationError, match=r"to which .* may be added"):
        BearerMethods.of(names, require_https=False)


_VALUES = st.binary() | st.binary().map(lambda rest: b"Bearer " + rest)
_NAMES = st.sampled_from([b"authorization", b"Authorization", b"x"]) | st.binary(max_size=4)


@BOUNDED
@given(headers=st.lists(st.tuples(_NAMES, _VALUES), max_size=3))
def test_any_bytes_are_credentials_or_rejected(headers: list[tuple[bytes, bytes]]) -> None:
    """Bytes that are not credentials raise only `RequestRejected`."""
    with suppress(RequestRejected):
        assert _token_of(*headers)
