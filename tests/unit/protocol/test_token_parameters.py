"""ResourceRequest: a token in a query or form counts if that is allowed, once and alone."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import (
    InvalidRequest,
    Reason,
    RequestRejected,
)
from oauth_guard.protocol.credentials import MAX_CREDENTIALS_BYTES, BearerMethods
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.token_parameters import is_form, query_carries_token
from tests.unit.protocol.properties import BOUNDED

_ANY_WAY = BearerMethods(query=True, body=True)
_HEADER = ((b"authorization", b"Bearer abc"),)
_LONGEST = b"a" * MAX_CREDENTIALS_BYTES


def _read(
    query: bytes = b"",
    form: bytes | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    methods: BearerMethods = _ANY_WAY,
) -> str:
    """Return the token of a request, or the reason of its rejection."""
    request = ResourceRequest({"headers": headers, "query_string": query}, form)
    try:
        request.read_credentials(methods)
        token = request.token
    except RequestRejected as error:
        return error.reason
    return token.text


@pytest.mark.parametrize(
    ("parameters", "token"),
    [
        pytest.param(b"access_token=abc", "abc", id="alone"),
        pytest.param(b"a=1&access_token=abc&b=2", "abc", id="among others"),
        pytest.param(b"access%5Ftoken=abc", "abc", id="its name escaped"),
        pytest.param(b"access_token=a%2Fb%3D", "a/b=", id="escaped"),
        pytest.param(b"access_token=" + _LONGEST, _LONGEST.decode(), id="the longest"),
        pytest.param(b"a=%C3%A9&access_token=abc", "abc", id="beside a letter"),
        pytest.param(b"&&access_token=abc&", "abc", id="between empty ones"),
        pytest.param(b"", Reason.NO_CREDENTIALS, id="nothing"),
        pytest.param(b"ACCESS_TOKEN=abc", Reason.NO_CREDENTIALS, id="in another case"),
        pytest.param(b"access_token[]=abc", Reason.NO_CREDENTIALS, id="as a list"),
        pytest.param(b"access%255Ftoken=abc", Reason.NO_CREDENTIALS, id="its name escaped twice"),
        pytest.param(b"a=1;access_token=abc", Reason.NO_CREDENTIALS, id="behind a semicolon"),
        pytest.param(b"access_token%00=abc", Reason.NO_CREDENTIALS, id="with a NUL"),
        pytest.param(b"access_token", Reason.MALFORMED_CREDENTIALS, id="without a value"),
        pytest.param(b"access_token=", Reason.MALFORMED_CREDENTIALS, id="empty"),
        pytest.param(b"access_token=a+b", Reason.MALFORMED_CREDENTIALS, id="a space"),
        pytest.param(b"access_token=%C3%A9", Reason.MALFORMED_CREDENTIALS, id="a letter"),
        pytest.param(b"access_token=abc;b=1", Reason.MALFORMED_CREDENTIALS, id="a semicolon"),
        pytest.param(b"access_token=Bearer abc", Reason.MALFORMED_CREDENTIALS, id="a scheme"),
        pytest.param(b"a&" * 1000, Reason.MALFORMED_CREDENTIALS, id="parameters without end"),
        pytest.param(b"access_token=a" + _LONGEST, Reason.CREDENTIALS_TOO_LONG, id="too long"),
        pytest.param(b"access_token=abc&access_token=abc", Reason.SEVERAL_CREDENTIALS, id="twice"),
        pytest.param(b"access_token=abc&access%5ftoken", Reason.SEVERAL_CREDENTIALS, id="hidden"),
    ],
)
def test_parameter_is_one_token68_in_a_query_and_in_a_form_alike(
    parameters: bytes, token: str
) -> None:
    """Anything else is a malformed request, or no credentials."""
    assert _read(query=parameters) == token
    assert _read(form=parameters) == token


def test_form_with_bytes_beyond_ascii_is_rejected() -> None:
    """Such bytes have no defined meaning in a form (RFC 6750 §2.2); in a query they are allowed."""
    assert _read(form=b"a=\xc3\xa9&access_token=abc") == Reason.MALFORMED_CREDENTIALS
    assert _read(query=b"a=\xc3\xa9&access_token=abc") == "abc"


@pytest.mark.parametrize(
    ("query", "form", "headers"),
    [
        pytest.param(b"access_token=abc", None, _HEADER, id="header and query"),
        pytest.param(b"", b"access_token=abc", _HEADER, id="header and form"),
        pytest.param(b"access_token=abc", b"access_token=abc", (), id="query and form"),
        pytest.param(b"access_token=", None, _HEADER, id="header and an empty one"),
        pytest.param(
            b"access_token=abc", None, ((b"authorization", b"Basic dTpw"),), id="another scheme"
        ),
    ],
)
def test_credentials_in_two_places_are_rejected(
    query: bytes, form: bytes | None, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """Equal ones too: it must not be a guess which one counts."""
    assert _read(query, form, headers) == Reason.SEVERAL_CREDENTIALS


_NONE = Reason.NO_CREDENTIALS


@pytest.mark.parametrize(
    ("methods", "by_query", "by_form"),
    [
        pytest.param(BearerMethods(), _NONE, _NONE, id="both off"),
        pytest.param(BearerMethods(query=True), "abc", _NONE, id="form off"),
        pytest.param(BearerMethods(body=True), _NONE, "abc", id="query off"),
    ],
)
def test_parameter_of_a_method_that_is_off_is_ignored(
    methods: BearerMethods, by_query: str, by_form: str
) -> None:
    """It neither authenticates nor conflicts with a token in another place."""
    token = b"access_token=abc"
    assert _read(query=token, methods=methods) == by_query
    assert _read(form=token, methods=methods) == by_form
    if by_query is _NONE:
        assert _read(query=token, headers=_HEADER, methods=methods) == "abc"
    if by_form is _NONE:
        assert _read(form=b"\xff" + token, headers=_HEADER, methods=methods) == "abc"


@pytest.mark.parametrize(
    ("secure", "headers", "outcome"),
    [
        pytest.param(True, _HEADER, "abc", id="over TLS"),
        pytest.param(False, _HEADER, Reason.HTTPS_REQUIRED, id="in the clear"),
        pytest.param(False, _HEADER * 2, Reason.HTTPS_REQUIRED, id="malformed, in the clear"),
        pytest.param(False, (), Reason.HTTPS_REQUIRED, id="nothing, in the clear"),
    ],
)
def test_request_without_tls_is_rejected_before_its_credentials_are_read(
    secure: bool, headers: tuple[tuple[bytes, bytes], ...], outcome: str
) -> None:
    """If TLS is required."""
    request = ResourceRequest({"headers": headers, "scheme": "https" if secure else "http"})
    try:
        request.read_credentials(BearerMethods(require_https=True))
        found = request.token.text
    except InvalidRequest as error:
        found = error.reason
    assert found == outcome


_FORM = b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("method", "types", "form"),
    [
        pytest.param("POST", [_FORM], True, id="a form"),
        pytest.param("PUT", [_FORM], True, id="PUT"),
        pytest.param("PATCH", [_FORM], True, id="PATCH"),
        pytest.param("POST", [_FORM.upper() + b" ; charset=UTF-8"], True, id="with a charset"),
        pytest.param("GET", [_FORM], False, id="GET"),
        pytest.param("HEAD", [_FORM], False, id="HEAD"),
        pytest.param("DELETE", [_FORM], False, id="DELETE"),
        pytest.param("post", [_FORM], False, id="another method"),
        pytest.param("POST", [], False, id="no type"),
        pytest.param("POST", [b""], False, id="an empty type"),
        pytest.param("POST", [_FORM, _FORM], False, id="two types"),
        pytest.param("POST", [_FORM + b", text/plain"], False, id="two types in one field"),
        pytest.param("POST", [b"multipart/form-data; boundary=x"], False, id="multipart"),
        pytest.param("POST", [b"application/json"], False, id="JSON"),
        pytest.param("POST", [b"text/plain; " + _FORM], False, id="a form as a parameter"),
        pytest.param("POST", [_FORM + b"x"], False, id="more behind"),
    ],
)
def test_body_is_a_form_only_with_one_type_and_a_fitting_method(
    method: str, types: list[bytes], form: bool
) -> None:
    """Only a single-part form, by a method that defines its body, may carry a token."""
    assert is_form(method, [(b"Content-Type", value) for value in types]) is form


@pytest.mark.parametrize(
    ("query", "carries"),
    [
        (b"", False),
        (b"a=access_token", False),
        (b"access_token=abc", True),
        (b"access%5Ftoken=abc", True),
        (b"access_token", True),
    ],
)
def test_query_carries_a_token_if_it_has_the_parameter(query: bytes, carries: bool) -> None:
    """The name is decoded first, as when the token is read."""
    assert query_carries_token(query) is carries


_PIECES = st.sampled_from([b"access_token", b"access%5Ftoken", b"=", b"&", b"abc", b"%", b"+"])
_BYTES = st.binary(max_size=20) | st.lists(_PIECES | st.binary(max_size=2)).map(b"".join)


@BOUNDED
@given(query=_BYTES, form=st.none() | _BYTES)
def test_any_parameters_are_credentials_or_rejected(query: bytes, form: bytes | None) -> None:
    """Bytes that carry no token raise only `RequestRejected`."""
    request = ResourceRequest({"headers": (), "query_string": query}, form)
    with suppress(RequestRejected):
        request.read_credentials(_ANY_WAY)
        assert request.token.text
