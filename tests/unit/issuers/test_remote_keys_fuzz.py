"""RemoteKeySet with arbitrary responses: a token gets a result, or there is an outage."""

import asyncio
import json
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_guard import JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

ISSUER = "https://as.example.com"
LOCAL = LocalIssuer(ISSUER)
TOKEN = LOCAL.token("read")
KEYS = [SigningKey(name, name).jwk for name in ("ES256", "EdDSA", "RS256")]
RESULTS = {"good", Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE}
OUTAGES = {
    Reason.UNREACHABLE,
    Reason.TIMED_OUT,
    Reason.BAD_RESPONSE,
    Reason.WRONG_METADATA,
    Reason.NO_USABLE_KEYS,
}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
members = st.sampled_from(
    ["kty", "crv", "kid", "alg", "use", "key_ops", "x", "y", "n", "e", "d", "k", "x5c", "oth"]
)
jwk_values = values | st.sampled_from(
    ["RSA", "EC", "OKP", "oct", "P-256", "P-384", "Ed25519", "Ed448", "sig", "ES256", "AQAB", "AA"]
)
jwks = st.one_of(
    st.builds(
        lambda key, changes: {**key, **changes},
        st.sampled_from(KEYS),
        st.dictionaries(members, jwk_values, max_size=3),
    ),
    st.dictionaries(members, jwk_values),
    values,
)
key_sets = st.one_of(
    values,
    st.fixed_dictionaries({"keys": st.lists(jwks, max_size=5)}),
    st.lists(jwks, max_size=2).map(lambda extra: {"keys": [*extra, *LOCAL.jwks["keys"]]}),
)
urls = st.one_of(
    st.text(max_size=30),
    st.builds("https://{}/{}".format, st.text(max_size=20), st.text(max_size=10)),
    st.sampled_from(["https://xn--/", "https://a..b/", "https://[::1]:0/", "https://as@x/"]),
)
metadata = st.one_of(
    values,
    st.fixed_dictionaries({"issuer": st.just(ISSUER), "jwks_uri": urls | values}),
    st.fixed_dictionaries({"issuer": urls | values, "jwks_uri": st.just(f"{ISSUER}/jwks")}),
)
field_names = st.sampled_from(
    ["content-type", "cache-control", "content-length", "set-cookie", "location", "age", "expires"]
) | st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True)
field_values = st.binary(max_size=40) | st.sampled_from(
    [b"application/json", b"max-age=99", b"max-age=\xd9\xa3", b"gzip", b"identity", b"br, gzip"]
)
fields = st.lists(st.tuples(field_names.map(str.encode), field_values), max_size=4)

two_hundred_examples = settings(max_examples=200, deadline=None, derandomize=True)


def verdict(transport: httpx.AsyncBaseTransport, **options: Any) -> str:
    """Return `good` if a valid token is accepted, else the reason why not."""

    async def validate() -> str:
        async with httpx.AsyncClient(transport=transport) as http:
            try:
                await JWTIssuer(ISSUER, http=http, **options).validate(RawToken(TOKEN))
            except (InvalidToken, IssuerUnavailable) as error:
                return error.reason
            return "good"

    return asyncio.run(validate())


class RawTransport(httpx.AsyncBaseTransport):
    """A transport that sends one response with arbitrary header fields and bytes."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._response = (status, headers, body)

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        """Return the response."""
        status, headers, body = self._response
        return httpx.Response(status, headers=headers, stream=Body(body))


class Body(httpx.AsyncByteStream):
    """A body that arrives in two parts."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> Any:
        """Yield the two parts."""
        yield self._body[:7]
        yield self._body[7:]


@two_hundred_examples
@given(key_sets)
def test_any_key_set_gives_a_result_or_an_outage(key_set: object) -> None:
    """The members of its keys are changed at random."""
    body = json.dumps(key_set).encode()
    transport = RawTransport(200, [(b"content-type", b"application/json")], body)
    assert verdict(transport, jwks_uri=f"{ISSUER}/jwks") in RESULTS | OUTAGES


@two_hundred_examples
@given(metadata)
def test_any_metadata_gives_a_result_or_an_outage(document: object) -> None:
    """Issuer and `jwks_uri` are any value."""
    body = json.dumps(document).encode()
    transport = RawTransport(200, [(b"content-type", b"application/json")], body)
    assert verdict(transport) in RESULTS | OUTAGES


@two_hundred_examples
@given(
    st.integers(100, 599), fields, st.binary(max_size=30) | st.just(json.dumps(LOCAL.jwks).encode())
)
def test_any_response_gives_a_result_or_an_outage(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Status, header fields and body are arbitrary."""
    assert (
        verdict(RawTransport(status, headers, body), jwks_uri=f"{ISSUER}/jwks") in RESULTS | OUTAGES
    )


@two_hundred_examples
@given(fields)
def test_header_fields_other_than_content_encoding_do_not_affect_the_keys(
    headers: list[tuple[bytes, bytes]],
) -> None:
    """They can change only for how long the keys are cached."""
    headers = [(name, value) for name, value in headers if name.lower() != b"content-encoding"]
    transport = RawTransport(200, headers, json.dumps(LOCAL.jwks).encode())
    assert verdict(transport, jwks_uri=f"{ISSUER}/jwks") == "good"
