"""ResourceRequest: an ASGI connection read on use, and the cache key of its credentials."""

from typing import Any

import pytest

from oauth_guard.errors import InvalidRequest, MissingCredentials
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.request import ResourceRequest

_HEADERS = [(b"authorization", b"Bearer abc")]


@pytest.mark.parametrize(
    ("connection", "method", "is_secure", "query"),
    [
        pytest.param(
            {"method": "POST", "scheme": "https", "query_string": b"a=1"},
            "POST",
            True,
            b"a=1",
            id="HTTP over TLS",
        ),
        pytest.param({"method": "GET", "scheme": "http"}, "GET", False, b"", id="plain HTTP"),
        pytest.param({"scheme": "wss"}, "GET", True, b"", id="a handshake over TLS"),
        pytest.param({"scheme": "ws"}, "GET", False, b"", id="a plain handshake"),
        pytest.param({}, "GET", False, b"", id="no scheme is not TLS"),
    ],
)
def test_request_reads_the_connection(
    connection: dict[str, Any], method: str, is_secure: bool, query: bytes
) -> None:
    """A handshake is a GET (RFC 6455 §4.1)."""
    request = ResourceRequest({"headers": _HEADERS, **connection}, b"form")
    assert (request.method, request.is_secure, request.query) == (method, is_secure, query)
    assert (request.headers, request.form, request.cache_key) == (_HEADERS, b"form", None)


def test_repr_of_a_request_shows_the_method_alone() -> None:
    """A token may be in any other part."""
    request = ResourceRequest({"headers": _HEADERS, "query_string": b"access_token=abc"})
    assert repr(request) == "<ResourceRequest: GET>"


def _read(*values: bytes, methods: BearerMethods | None = None) -> ResourceRequest:
    request = ResourceRequest({"headers": [(b"authorization", value) for value in values]})
    request.read_credentials(methods or BearerMethods())
    return request


def test_cache_key_is_a_digest_of_the_whole_value() -> None:
    """Two requests with one value have one key; the key contains no part of the token."""
    key = _read(b"Bearer abc").cache_key
    assert key == _read(b"Bearer abc").cache_key
    assert key is not None
    assert len(key) == 32
    assert key not in {_read(b"Bearer abd").cache_key, _read(b"Bearer abc=").cache_key}


@pytest.mark.parametrize("value", [b"bearer abc", b"BEARER abc", b" Bearer abc"])
def test_value_of_another_spelling_has_no_cache_key(value: bytes) -> None:
    """Only `Bearer`, one space and the token has one."""
    assert _read(value).cache_key is None


@pytest.mark.parametrize("value", [b"Bearer  abc", b"Bearer abc ", b"Bearer abc\t", b"Bearer   a="])
def test_cache_key_is_dropped_when_parsing_shows_another_spelling(value: bytes) -> None:
    """Else one client could fill the cache with the spellings of a single token."""
    request = _read(value)
    assert request.token.text in {"abc", "a="}
    assert request.cache_key is None


@pytest.mark.parametrize(
    "methods", [BearerMethods(query=True), BearerMethods(body=True)], ids=["query", "body"]
)
def test_value_has_no_cache_key_if_another_place_could_carry_a_token(
    methods: BearerMethods,
) -> None:
    """The header alone does not show that the request carries one token."""
    assert _read(b"Bearer abc", methods=methods).cache_key is None


@pytest.mark.parametrize(
    ("names", "accepted", "proofs"),
    [
        pytest.param([], True, None, id="no field"),
        pytest.param([b"dpop"], True, (b"0",), id="one"),
        pytest.param([b"DPoP", b"dpop"], True, (b"0", b"1"), id="several, which is an error later"),
        pytest.param([b"host", b"last-modified"], True, None, id="names of the same lengths"),
        pytest.param([b"dpop"], False, None, id="a guard without DPoP"),
    ],
)
def test_proofs_are_the_values_of_the_fields_of_that_name(
    names: list[bytes], accepted: bool, proofs: tuple[bytes, ...] | None
) -> None:
    """Under a Bearer token too, which a proof contradicts."""
    fields = [(name, b"%d" % number) for number, name in enumerate(names)]
    request = ResourceRequest({"headers": [*fields, *_HEADERS]})
    request.read_credentials(BearerMethods(dpop=accepted))
    assert (request.proofs, request.token.text) == (proofs, "abc")


def test_request_that_is_read_again_without_dpop_has_neither_its_proofs_nor_its_scheme() -> None:
    """An inner guard may not accept them."""
    headers = [(b"dpop", b"proof"), (b"authorization", b"DPoP abc")]
    request = ResourceRequest({"headers": headers})
    request.read_credentials(BearerMethods(dpop=True))
    with pytest.raises(MissingCredentials):
        request.read_credentials(BearerMethods())
    assert (request.proofs, request.scheme) == (None, None)


def test_token_of_a_request_that_was_not_read_is_missing() -> None:
    """A public path reads no credentials."""
    with pytest.raises(MissingCredentials):
        _ = ResourceRequest({"headers": _HEADERS}).token


def test_request_that_is_read_again_and_rejected_keeps_no_credentials() -> None:
    """What an earlier guard has read is not left for the next."""
    request = _read(b"Bearer abc")
    assert request.token.text == "abc"
    with pytest.raises(InvalidRequest):
        request.read_credentials(BearerMethods(require_https=True))
    assert (request.cache_key, request.scheme) == (None, None)
    with pytest.raises(MissingCredentials):
        _ = request.token
