"""Token Status List, draft 21: section 28 of the matrix."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW
from tests.acceptance.standards.outcome import expect
from tests.builders.status_api import ONE_BIT, TWO_BITS, TYPE, URI, StatusApi, compressed


@pytest.fixture(autouse=True)
def quiet_client(caplog: pytest.LogCaptureFixture) -> None:
    """Leave out the URLs that httpx logs, since they are in tokens."""
    caplog.set_level(logging.WARNING, "httpx")


@pytest.mark.conformance("TSL-01")
async def test_list_is_fetched_for_a_valid_token_only() -> None:
    """A token that is rejected anyway causes no request."""
    api = StatusApi()
    expect(await api.at(1, exp=NOW - 1), "401 invalid_token")
    expect(await api.at(1, aud="https://other.example.com"), "401 invalid_token")
    assert api.requests == []


@pytest.mark.conformance("TSL-02")
@pytest.mark.parametrize("media_type", ["text/html", "application/jwt", ""])
async def test_list_has_its_own_media_type(media_type: str) -> None:
    """In the request and in the response."""
    api = StatusApi()
    expect(await api.at(1), "200")
    assert api.requests[0].method == "GET"
    assert api.requests[0].headers["accept"] == TYPE
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(), **{"content-type": media_type})
    assert (await api.at(1)).status == 503


BROKEN: dict[str, dict[str, Any]] = {
    "another type": {"header": {"typ": "JWT"}},
    "no type": {"header": {}},
    "another list": {"sub": f"{URI}0"},
    "no sub": {"sub": None},
    "no iat": {"iat": None},
    "iat in the future": {"iat": NOW + 61},
    "iat of another type": {"iat": True},
    "no list": {"status_list": None},
    "list of another type": {"status_list": "x"},
    "lst of another type": {"lst": 5},
    "lst that is not base64url": {"lst": "?"},
    "lst that is not compressed": {"lst": "AAAA"},
    "lst that is incomplete": {"lst": ONE_BIT[:-4]},
    "lst with more behind it": {"lst": f"{compressed(b'1' * 3)}AAAA"},
    "bits of another type": {"bits": "1"},
    "bits that are a truth value": {"bits": True},
    "ttl of another type": {"ttl": "60"},
    "negative ttl": {"ttl": -1},
    "ttl of 0": {"ttl": 0},
    "exp of 0": {"exp": 0},
    "another key": {"key": SigningKey("k1")},
    "another issuer": {"iss": "https://other.example.com"},
}


@pytest.mark.conformance("TSL-03")
@pytest.mark.parametrize("changes", BROKEN.values(), ids=list(BROKEN))
async def test_list_that_is_not_valid_is_not_used(changes: dict[str, Any]) -> None:
    """The token may be revoked, so the response is 503."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(**changes))
    assert (await api.at(1)).status == 503


async def test_list_of_a_clock_that_is_a_minute_ahead_is_used() -> None:
    """As long as it is not expired."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(iat=NOW + 60))
    expect(await api.at(1), "200")


@pytest.mark.conformance("TSL-02")
@pytest.mark.parametrize("status", [201, 206, 404, 500])
async def test_list_in_a_response_of_another_status_is_not_used(status: int) -> None:
    """Whatever its body and type."""
    api = StatusApi()
    api.respond = lambda: httpx.Response(
        status, text=api.list_token(), headers={"content-type": TYPE}
    )
    assert (await api.at(1)).status == 503


@pytest.mark.conformance("TSL-04")
async def test_expired_list_is_fetched_again_and_not_used() -> None:
    """Also if its `ttl` is longer."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(exp=NOW + 10, ttl=100))
    expect(await api.at(1), "200")
    api.now += 10
    assert (await api.at(1)).status == 503
    assert len(api.requests) == 2


@pytest.mark.conformance("TSL-05", "TSL-06")
@pytest.mark.parametrize(
    ("bits", "lst", "index", "outcome"),
    [
        *((1, ONE_BIT, index, "401 invalid_token") for index in (0, 3, 15)),
        *((1, ONE_BIT, index, "200") for index in (1, 2, 14)),
        *((2, TWO_BITS, index, "401 invalid_token") for index in (0, 1, 3)),
        (2, TWO_BITS, 2, "200"),
        (4, compressed(b"\x10"), 0, "200"),
        (4, compressed(b"\x10"), 1, "401 invalid_token"),
        (8, compressed(b"\x00\x80"), 0, "200"),
        (8, compressed(b"\x00\x80"), 1, "401 invalid_token"),
    ],
)
async def test_status_other_than_valid_is_rejected(
    bits: int, lst: str, index: int, outcome: str
) -> None:
    """Indexes begin at the least significant bit of each byte."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(bits, lst))
    expect(await api.at(index), outcome)
    expect(await api.at(index), outcome)
    assert len(api.requests) == 1


@pytest.mark.conformance("TSL-07")
@pytest.mark.parametrize("index", [16, 10**30])
async def test_index_out_of_bounds_is_rejected(index: int) -> None:
    """The list does not say that the token is valid."""
    expect(await StatusApi().at(index), "401 invalid_token")


@pytest.mark.conformance("TSL-08")
@pytest.mark.parametrize(
    "status",
    [
        {"status_list": {"idx": -1, "uri": URI}},
        {"status_list": {"idx": "1", "uri": URI}},
        {"status_list": {"idx": 1.0, "uri": URI}},
        {"status_list": {"idx": True, "uri": URI}},
        {"status_list": {"idx": 1, "uri": 5}},
        {"status_list": {"idx": 1}},
        {"status_list": {"uri": URI}},
        {"status_list": []},
        {"another": {}},
        [],
        "x",
    ],
    ids=str,
)
async def test_malformed_reference_is_rejected(status: object) -> None:
    """Without a request."""
    api = StatusApi()
    expect(await api.get("/r", api.token(status=status)), "401 invalid_token")
    assert api.requests == []


@pytest.mark.conformance("TSL-08")
@pytest.mark.parametrize("bits", [0, 3, 16, -1])
async def test_list_with_another_number_of_bits_is_not_used(bits: int) -> None:
    """Only 1, 2, 4 and 8 are defined."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(bits))
    assert (await api.at(1)).status == 503


@pytest.mark.conformance("TSL-09")
@pytest.mark.parametrize(
    ("claims", "seconds"),
    [
        ({"ttl": 60}, 60),
        ({"ttl": None}, 600),
        ({"ttl": None, "exp": NOW + 30}, 30),
        ({"ttl": 60, "exp": NOW + 30}, 30),
        ({"ttl": 1e9}, 86_400),
    ],
    ids=str,
)
async def test_claims_of_the_list_govern_its_caching(claims: dict[str, Any], seconds: int) -> None:
    """`Cache-Control` counts only without them."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(**claims), **{"cache-control": "max-age=600"})
    await api.at(1, exp=NOW + 200_000)
    api.now += seconds - 1
    await api.at(1, exp=NOW + 200_000)
    assert len(api.requests) == 1
    api.now += 2
    await api.at(1, exp=NOW + 200_000)
    assert len(api.requests) == 2


@pytest.mark.conformance("TSL-10")
@pytest.mark.parametrize("status", [404, 302, 500, None], ids=str)
async def test_unreachable_list_is_an_outage_for_its_tokens_only(status: int | None) -> None:
    """A second later it is tried again."""
    api = StatusApi()

    def respond() -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(status)

    api.respond = respond
    for _ in range(2):
        assert (await api.at(1)).status == 503
    expect(await api.get("/r", api.token()), "200")
    assert len(api.requests) == 1
    api.respond = lambda: api.response(api.list_token())
    api.now += 1
    expect(await api.at(1), "200")


@pytest.mark.conformance("TSL-10")
async def test_token_without_a_status_is_rejected_if_it_is_required() -> None:
    """By the operator."""
    api = StatusApi(required=True)
    expect(await api.get("/r", api.token()), "401 invalid_token")
    expect(await api.at(1), "200")


@pytest.mark.parametrize("statuses", [b"\0" * 5_000_000, b"\0" * 50_000_000], ids=["5 MB", "50 MB"])
async def test_list_that_expands_beyond_its_limit_is_not_used(statuses: bytes) -> None:
    """A few compressed bytes must not fill the memory."""
    api = StatusApi()
    lst = compressed(statuses)
    api.respond = lambda: api.response(api.list_token(1, lst))
    assert (await api.at(1)).status == 503


async def test_list_that_is_too_long_is_not_read() -> None:
    """More than 1 MiB."""
    api = StatusApi()
    api.respond = lambda: api.response("x" * 1_100_000)
    assert (await api.at(1)).status == 503


@pytest.mark.parametrize(
    "uri",
    ["https://other.example.com/1", "http://as.example.com/1", "file:///etc/passwd", "x"],
)
async def test_list_of_another_origin_is_not_fetched(uri: str) -> None:
    """Although the token is valid: no address in a token is contacted unless it is configured."""
    api = StatusApi()
    assert (await api.at(1, uri)).status == 503
    assert api.requests == []


async def test_list_of_a_configured_origin_is_fetched() -> None:
    """Issuers publish lists on other hosts."""
    uri = "https://status.example.com/1"
    api = StatusApi(origins=["https://status.example.com"])
    api.respond = lambda: api.response(api.list_token(sub=uri))
    expect(await api.at(1, uri), "200")


async def test_list_with_the_name_of_its_issuer_is_used() -> None:
    """`iss` is not required, and must be right if there is one."""
    api = StatusApi()
    api.respond = lambda: api.response(api.list_token(iss=ISSUER))
    expect(await api.at(1), "200")


async def test_cached_identity_is_rejected_once_its_status_changes() -> None:
    """The check runs after the cache."""
    api = StatusApi()
    status = {"status_list": {"idx": 1, "uri": URI}}
    token = api.token(status=status)
    for _ in range(2):
        expect(await api.get("/r", token), "200")
    api.respond = lambda: api.response(api.list_token(1, compressed(b"\x02")))
    api.now += 61
    expect(await api.get("/r", token), "401 invalid_token")


async def test_concurrent_requests_share_one_fetch() -> None:
    """And one failure."""
    api = StatusApi()
    responses = await asyncio.gather(*(api.at(1) for _ in range(20)))
    assert {response.status for response in responses} == {200}
    assert len(api.requests) == 1
