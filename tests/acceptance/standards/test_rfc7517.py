"""RFC 7517, JSON Web Key: section 11 of the conformance matrix."""

from typing import Any

import httpx
import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.attacks.forgery import by, encode, with_secret
from tests.acceptance.standards.api import Api, signing_keys
from tests.acceptance.standards.bytewise import (
    claims,
    compact,
    header,
    k1,
    k2,
    key_fetches,
    publish,
)
from tests.acceptance.standards.outcome import expect

COOLDOWN = 30
SECRET = bytes(range(32))


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


@pytest.mark.conformance("7517-01")
@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "FOO"},
        {"kty": "EC"},
        {},
        {**k1(), "x": "!"},
        {**k1(), "crv": "P-999"},
        {**k1(), "kid": 1},
        {**k2(), "n": None},
        "k1",
        None,
        [],
    ],
    ids=range(10),
)
async def test_an_odd_key_is_skipped(odd: object) -> None:
    """The others are used, wherever it stands."""
    for keys in ([odd, k1()], [k1(), odd]):
        api = Api()
        publish(api, {"keys": keys})
        expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-01")
async def test_many_odd_keys_are_skipped(api: Api) -> None:
    """As the row has them."""
    publish(api, {"keys": [{"kty": "FOO"}, {"kty": "EC"}, k1()]})
    expect(await api.get(token=api.token()), "200")


NO_SETS: list[object] = [{}, [], {"keys": {}}, {"keys": None}, {"Keys": [k1()]}, None]


@pytest.mark.conformance("7517-02")
@pytest.mark.parametrize("document", NO_SETS, ids=lambda each: repr(each)[:20])
async def test_a_key_set_has_an_array_of_keys(api: Api, document: object) -> None:
    """Anything else is an outage, since nobody knows whether the token is good."""
    publish(api, document)
    expect(await api.get(token=api.token()), "503")


@pytest.mark.conformance("7517-02")
@pytest.mark.parametrize("document", NO_SETS, ids=lambda each: repr(each)[:20])
async def test_no_key_set_is_worse_than_the_one_before(api: Api, document: object) -> None:
    """What was good stays so while no other is to be had."""
    expect(await api.get(token=api.token()), "200")
    publish(api, document)
    api.now += COOLDOWN + 1
    expect(await api.get(token=compact(header(kid="new"), claims(api))), "503")
    assert key_fetches(api) == 2
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"use": "SIG"},
        {"use": ["sig"]},
        {"key_ops": "verify"},
        {"use": "sig", "key_ops": ["encrypt"]},
    ],
    ids=repr,
)
async def test_a_key_for_another_use_verifies_nothing(api: Api, changes: dict[str, Any]) -> None:
    """Its issuer says what it is for."""
    publish(api, {"keys": [{**k1(), **changes}, k2()]})
    expect(await api.get(token=api.token()), "401 invalid_token")


@pytest.mark.conformance("7517-03")
@pytest.mark.parametrize(
    "changes", [{"use": "sig"}, {"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"]}], ids=repr
)
async def test_a_key_for_this_use_verifies(changes: dict[str, Any]) -> None:
    """Whichever way it says so, or not at all."""
    plain = {name: value for name, value in k1().items() if name != "use"}
    for jwk in (plain, {**plain, **changes}):
        api = Api()
        publish(api, {"keys": [jwk, k2()]})
        expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-04")
async def test_a_key_verifies_its_own_algorithm_alone() -> None:
    """A key for RS256 is none for PS256, though it might be."""
    pss = SigningKey("k2", "PS256", signing_keys()[1].private)
    for jwk, outcome in (({**k2(), "alg": "RS256"}, "401 invalid_token"), (k2(), "200")):
        api = Api(issuer={"algorithms": ["RS256", "PS256"]})
        publish(api, {"keys": [jwk]})
        token = compact(header(alg="PS256", kid="k2"), claims(api), by(pss))
        expect(await api.get(token=token), outcome)


@pytest.mark.conformance("7517-05")
async def test_a_token_that_names_no_key_is_tried_on_what_fits(api: Api) -> None:
    """One of the two keys does."""
    publish(api, {"keys": [k2(), k1()]})
    token = compact(b'{"alg":"ES256","typ":"at+jwt"}', claims(api))
    expect(await api.get(token=token), "200")


@pytest.mark.conformance("7517-05")
@pytest.mark.parametrize(("before", "outcome"), [(4, "200"), (5, "401 invalid_token")])
async def test_few_keys_are_tried(api: Api, before: int, outcome: str) -> None:
    """Five of those that fit, so that work is bounded; others count for nothing."""
    others = [SigningKey(f"o{number}").jwk for number in range(before)]
    publish(api, {"keys": [k2(), *others, k1()]})
    token = compact(b'{"alg":"ES256","typ":"at+jwt"}', claims(api))
    expect(await api.get(token=token), outcome)


@pytest.mark.conformance("7517-06")
async def test_a_new_key_is_fetched_once(api: Api) -> None:
    """At the first token that names it."""
    expect(await api.get(token=api.token()), "200")
    api.now += COOLDOWN + 1
    api.authority.rotate(SigningKey("k3"))
    for _ in range(3):
        expect(await api.get(token=api.token()), "200")
    assert key_fetches(api) == 2


@pytest.mark.conformance("7517-06")
async def test_unknown_keys_cause_no_flood(api: Api) -> None:
    """A hundred of them inside the cool-down are a fetch at most."""
    expect(await api.get(token=api.token()), "200")
    api.now += COOLDOWN + 1
    for number in range(100):
        token = compact(header(kid=f"unknown-{number}"), claims(api))
        expect(await api.get(token=token), "401 invalid_token")
    assert key_fetches(api) == 2
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-07")
async def test_a_key_that_was_withdrawn_verifies_nothing(api: Api) -> None:
    """Once the key set was fetched again."""
    expect(await api.get(token=api.token()), "200")
    withdrawn = signing_keys()[0]
    api.authority.keys = [signing_keys()[1]]
    api.now += 24 * 3600
    expect(await api.get(token=api.token(key=withdrawn)), "401 invalid_token")
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-08")
@pytest.mark.parametrize("named", [{"alg": "HS256"}, {}], ids=["for HS256", "for anything"])
async def test_a_secret_that_was_published_is_none(api: Api, named: dict[str, str]) -> None:
    """Everybody knows it."""
    secret = {"kty": "oct", "kid": "shared", "k": encode(SECRET), **named}
    publish(api, {"keys": [secret, k1()]})
    token = compact(header(alg="HS256", kid="shared"), claims(api), with_secret(SECRET))
    expect(await api.get(token=token), "401 invalid_token")
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-09")
async def test_an_outage_is_not_the_clients_fault(api: Api) -> None:
    """Nobody knows whether the token is good."""
    api.authority.outage = _unreachable
    answer = await api.get(token=api.token())
    expect(answer, "503")
    assert answer.lines("retry-after")


@pytest.mark.conformance("7517-09")
async def test_keys_outlive_an_outage() -> None:
    """For an hour after they went stale, and not for longer."""
    api = Api()
    expect(await api.get(token=api.token()), "200")
    api.authority.outage = _unreachable
    api.now += 600 + 3600 - 1
    expect(await api.get(token=api.token()), "200")
    api.now += 1
    expect(await api.get(token=api.token()), "503")
