"""RFC 7517, JSON Web Key: section 11 of the conformance matrix."""

from typing import Any

import httpx
import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.attacks.forgery import by, encode, with_secret
from tests.acceptance.standards.api import Api, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.raw_jws import (
    claims,
    compact,
    header,
    k1,
    k2,
    key_fetches,
    publish,
)
from tests.builders.roca import roca_modulus

COOLDOWN = 30
SECRET = bytes(range(32))


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


@pytest.mark.conformance("7517-01")
@pytest.mark.parametrize(
    "unusable",
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
async def test_unusable_key_is_skipped(unusable: object) -> None:
    """The other keys are used, whether they come before or after it."""
    for keys in ([unusable, k1()], [k1(), unusable]):
        api = Api()
        publish(api, {"keys": keys})
        expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-01")
async def test_several_unusable_keys_are_skipped(api: Api) -> None:
    """The key set of the row."""
    publish(api, {"keys": [{"kty": "FOO"}, {"kty": "EC"}, k1()]})
    expect(await api.get(token=api.token()), "200")


NO_SETS: list[object] = [{}, [], {"keys": {}}, {"keys": None}, {"Keys": [k1()]}, None]


@pytest.mark.conformance("7517-02")
@pytest.mark.parametrize("document", NO_SETS, ids=lambda each: repr(each)[:20])
async def test_key_set_without_array_of_keys_is_an_outage(api: Api, document: object) -> None:
    """The token can't be validated, so the response is 503."""
    publish(api, document)
    expect(await api.get(token=api.token()), "503")


@pytest.mark.conformance("7517-02")
@pytest.mark.parametrize("document", NO_SETS, ids=lambda each: repr(each)[:20])
async def test_invalid_key_set_does_not_replace_the_previous_one(
    api: Api, document: object
) -> None:
    """Known keys stay valid; an unknown key gets 503."""
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
        {"use": "SIG"},
        {"use": ["sig"]},
        {"key_ops": "verify"},
        {"use": "sig", "key_ops": ["encrypt"]},
    ],
    ids=repr,
)
async def test_key_for_another_use_is_not_used(api: Api, changes: dict[str, Any]) -> None:
    """`use` and `key_ops` restrict it."""
    publish(api, {"keys": [{**k1(), **changes}, k2()]})
    expect(await api.get(token=api.token()), "401 invalid_token")


@pytest.mark.conformance("7517-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"use": "sig"},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"]},
        {"use": None, "key_ops": None, "alg": None, "x5c": None},
        {"use": "", "key_ops": [], "alg": ""},
    ],
    ids=repr,
)
async def test_key_for_verification_is_used(changes: dict[str, Any]) -> None:
    """By `use`, by `key_ops`, or without either; a member that is null or empty is not set."""
    plain = {name: value for name, value in k1().items() if name != "use"}
    for jwk in (plain, {**plain, **changes}):
        api = Api()
        publish(api, {"keys": [jwk, k2()]})
        expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-04")
async def test_key_verifies_only_its_own_algorithm() -> None:
    """A key with `alg` RS256 does not verify PS256."""
    pss = SigningKey("k2", "PS256", signing_keys()[1].private)
    for jwk, outcome in (({**k2(), "alg": "RS256"}, "401 invalid_token"), (k2(), "200")):
        api = Api(issuer={"algorithms": ["RS256", "PS256"]})
        publish(api, {"keys": [jwk]})
        token = compact(header(alg="PS256", kid="k2"), claims(api), by(pss))
        expect(await api.get(token=token), outcome)


@pytest.mark.conformance("7517-05")
async def test_token_without_kid_is_tried_on_fitting_keys(api: Api) -> None:
    """One of the two keys fits."""
    publish(api, {"keys": [k2(), k1()]})
    token = compact(b'{"alg":"ES256","typ":"at+jwt"}', claims(api))
    expect(await api.get(token=token), "200")


@pytest.mark.conformance("7517-05")
@pytest.mark.parametrize(
    ("before", "work", "outcome"),
    [(9, 200, "200"), (9, 30, "200"), (10, 30, "401 invalid_token"), (99, 300, "200")],
)
async def test_fitting_keys_are_tried_up_to_a_bound_of_work(
    before: int, work: float, outcome: str
) -> None:
    """A P-256 key counts 3, where an RSA key of 2048 bits counts 1; the operator sets the bound."""
    api = Api(issuer={"max_verification_work": work})
    other = SigningKey("other").jwk
    publish(api, {"keys": [*[other] * before, k1()]})
    token = compact(b'{"alg":"ES256","typ":"at+jwt"}', claims(api))
    expect(await api.get(token=token), outcome)


@pytest.mark.conformance("7517-05")
@pytest.mark.parametrize(
    ("kid", "outcome"), [(None, "200"), ("", "200"), ("k3", "401 invalid_token")]
)
async def test_key_without_kid_is_tried_on_a_token_with_any_kid(
    api: Api, kid: str | None, outcome: str
) -> None:
    """`kid` is optional in a key; a key that has another one is not tried."""
    publish(api, {"keys": [{**k1(), "kid": kid}, k2()]})
    expect(await api.get(token=api.token()), outcome)


@pytest.mark.conformance("7517-10")
async def test_oversized_key_set_is_read_up_to_the_bound(api: Api) -> None:
    """The first 100 keys are used, and the log says that there are more."""
    publish(api, {"keys": [k1(), *[{"kty": "FOO"}] * 99, k2()]})
    response = await api.get(token=api.token())
    expect(response, "200")
    assert "the key set has too many keys: only the first 100 are read" in response.log
    token = compact(header(alg="RS256", kid="k2"), claims(api), by(signing_keys()[1]))
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7517-11")
@pytest.mark.parametrize(
    ("changes", "algorithm"),
    [
        pytest.param({"e": "AQAAAAE"}, "RS256", id="an RSA exponent of 33 bits"),
        pytest.param(
            {"n": encode(roca_modulus().to_bytes(256))},
            "RS256",
            id="a modulus with the mark of ROCA",
        ),
        pytest.param({"x": "A" * 43}, "EdDSA", id="an Ed25519 point of small order"),
    ],
)
async def test_key_that_anyone_can_sign_for_or_that_costs_much_is_skipped(
    changes: dict[str, Any], algorithm: str
) -> None:
    """The other keys still work."""
    api = Api(issuer={"algorithms": ["ES256", "RS256", "EdDSA"]})
    weak = SigningKey("weak", algorithm)
    publish(api, {"keys": [{**weak.jwk, **changes}, k1()]})
    expect(await api.get(token=api.token()), "200")
    token = compact(header(alg=algorithm, kid="weak"), claims(api), by(weak))
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7517-06")
async def test_new_key_is_fetched_once(api: Api) -> None:
    """When the first token names it."""
    expect(await api.get(token=api.token()), "200")
    api.now += COOLDOWN + 1
    api.authority.rotate(SigningKey("k3"))
    for _ in range(3):
        expect(await api.get(token=api.token()), "200")
    assert key_fetches(api) == 2


@pytest.mark.conformance("7517-06")
async def test_unknown_keys_cause_at_most_three_fetches(api: Api) -> None:
    """Three unknown key IDs cause a fetch each; ten wait for the next one; the others are 401."""
    expect(await api.get(token=api.token()), "200")
    outcomes = []
    for number in range(100):
        token = compact(header(kid=f"unknown-{number}"), claims(api))
        outcomes.append((await api.get(token=token)).status)
    assert outcomes == [401] * 3 + [503] * 10 + [401] * 87
    assert key_fetches(api) == 1 + 3
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-07")
async def test_withdrawn_key_is_not_used(api: Api) -> None:
    """From the next fetch of the key set on."""
    expect(await api.get(token=api.token()), "200")
    withdrawn = signing_keys()[0]
    api.authority.keys = [signing_keys()[1]]
    api.now += 24 * 3600
    expect(await api.get(token=api.token(key=withdrawn)), "401 invalid_token")
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-08")
@pytest.mark.parametrize("named", [{"alg": "HS256"}, {}], ids=["for HS256", "for anything"])
async def test_published_secret_is_not_used(api: Api, named: dict[str, str]) -> None:
    """An `oct` key in a published key set is public."""
    secret = {"kty": "oct", "kid": "shared", "k": encode(SECRET), **named}
    publish(api, {"keys": [secret, k1()]})
    token = compact(header(alg="HS256", kid="shared"), claims(api), with_secret(SECRET))
    expect(await api.get(token=token), "401 invalid_token")
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7517-09")
async def test_outage_of_the_key_set_gets_503(api: Api) -> None:
    """The token can't be validated."""
    api.authority.outage = _unreachable
    response = await api.get(token=api.token())
    expect(response, "503")
    assert response.lines("retry-after")


@pytest.mark.conformance("7517-09")
async def test_stale_keys_are_used_during_an_outage() -> None:
    """For one hour, not longer."""
    api = Api()
    expect(await api.get(token=api.token()), "200")
    api.authority.outage = _unreachable
    api.now += 600 + 3600 - 1
    expect(await api.get(token=api.token()), "200")
    api.now += 1
    expect(await api.get(token=api.token()), "503")
