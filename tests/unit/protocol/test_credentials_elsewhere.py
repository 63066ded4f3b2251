"""A token in a query or form counts where that was asked for, once, and beside no other."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    Reason,
    RequestRejected,
)
from oauth_guard.protocol.credentials import (
    MAX_CREDENTIALS_BYTES,
    BearerMethods,
)
from oauth_guard.protocol.request import (
    ResourceRequest,
    is_form,
    query_carries_token,
    read_credentials,
)
from tests.unit.protocol.properties import BOUNDED

_ANY_WAY = BearerMethods(query=True, body=True)
_HEADER = ((b"authorization", b"Bearer abc"),)
_LONGEST = b"a" * MAX_CREDENTIALS_BYTES


def _read(
    query: bytes = b"",
    form: bytes | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    transmission: BearerMethods = _ANY_WAY,
) -> str:
    """Return the token of a request, or why there is none."""
    request = ResourceRequest({"headers": headers, "query_string": query}, form)
    try:
        return read_credentials(request, transmission).token.text
    except RequestRejected as error:
        return error.reason


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
def test_a_parameter_is_read_in_one_way(parameters: bytes, token: str) -> None:
    """In a query and in a form alike; it is one token68, or the request is malformed."""
    assert _read(query=parameters) == token
    assert _read(form=parameters) == token


def test_a_form_is_ascii() -> None:
    """Raw bytes beyond it may mean anything (RFC 6750 §2.2); a query is only what it is."""
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
def test_a_token_comes_one_way(
    query: bytes, form: bytes | None, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """Two are a malformed request, equal ones too: nobody should have to guess which counts."""
    assert _read(query, form, headers) == Reason.SEVERAL_CREDENTIALS


_NONE = Reason.NO_CREDENTIALS


@pytest.mark.parametrize(
    ("transmission", "by_query", "by_form"),
    [
        pytest.param(BearerMethods(), _NONE, _NONE, id="both off"),
        pytest.param(BearerMethods(query=True), "abc", _NONE, id="form off"),
        pytest.param(BearerMethods(body=True), _NONE, "abc", id="query off"),
    ],
)
def test_a_method_that_is_off_is_not_looked_at(
    transmission: BearerMethods, by_query: str, by_form: str
) -> None:
    """It neither authenticates nor disturbs a token that came another way."""
    token = b"access_token=abc"
    assert _read(query=token, transmission=transmission) == by_query
    assert _read(form=token, transmission=transmission) == by_form
    if by_query is _NONE:
        assert _read(query=token, headers=_HEADER, transmission=transmission) == "abc"
    if by_form is _NONE:
        assert _read(form=b"\xff" + token, headers=_HEADER, transmission=transmission) == "abc"


@pytest.mark.parametrize(
    ("secure", "headers", "outcome"),
    [
        pytest.param(True, _HEADER, "abc", id="over TLS"),
        pytest.param(False, _HEADER, Reason.HTTPS_REQUIRED, id="in the clear"),
        pytest.param(False, _HEADER * 2, Reason.HTTPS_REQUIRED, id="malformed, in the clear"),
        pytest.param(False, (), Reason.HTTPS_REQUIRED, id="nothing, in the clear"),
    ],
)
def test_tls_comes_first(
    secure: bool, headers: tuple[tuple[bytes, bytes], ...], outcome: str
) -> None:
    """Where it is required, nothing that came without it is looked at."""
    request = ResourceRequest({"headers": headers, "scheme": "https" if secure else "http"})
    try:
        told: str = read_credentials(request, BearerMethods(require_https=True)).token.text
    except InvalidRequest as error:
        told = error.reason
    assert told == outcome


@pytest.mark.parametrize(
    ("names", "transmission", "told"),
    [
        (["header"], BearerMethods(), ("header",)),
        ("header", BearerMethods(), ("header",)),
        (["query", "header"], BearerMethods(query=True), ("header", "query")),
        (["header", "body"], BearerMethods(body=True), ("header", "body")),
        ({"body", "header", "query"}, _ANY_WAY, ("header", "body", "query")),
    ],
    ids=["list", "text", "query", "body", "set"],
)
def test_methods_go_by_their_registered_names(
    names: list[str], transmission: BearerMethods, told: tuple[str, ...]
) -> None:
    """They are told in one order, however they were written (RFC 9728 §2)."""
    read = BearerMethods.of(names, require_https=False)
    assert (read, read.names) == (transmission, told)
    assert BearerMethods.of(names, require_https=True).require_https


@pytest.mark.parametrize("names", [[], "query", ["query"], ["header", "cookie"], ["Header"]])
def test_a_method_that_nobody_knows_is_refused(names: list[str]) -> None:
    """The header is always among them (RFC 6750 §2.1)."""
    with pytest.raises(ConfigurationError, match='to which "body" and "query" may be added'):
        BearerMethods.of(names, require_https=False)


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
def test_a_form_is_one_of_one_type(method: str, types: list[bytes], form: bool) -> None:
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
def test_whether_a_query_carries_a_token(query: bytes, carries: bool) -> None:
    """As it is read when a token is looked for."""
    assert query_carries_token(query) is carries


_PIECES = st.sampled_from([b"access_token", b"access%5Ftoken", b"=", b"&", b"abc", b"%", b"+"])
_BYTES = st.binary(max_size=20) | st.lists(_PIECES | st.binary(max_size=2)).map(b"".join)


@BOUNDED
@given(query=_BYTES, form=st.none() | _BYTES)
def test_any_parameters_are_credentials_or_refused(query: bytes, form: bytes | None) -> None:
    """Nothing but `RequestRejected` comes out of bytes that carry no token."""
    request = ResourceRequest({"headers": (), "query_string": query}, form)
    with suppress(RequestRejected):
        assert read_credentials(request, _ANY_WAY).token.text
