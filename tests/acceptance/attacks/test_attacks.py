"""The attacks as one table: request, outcome, and the reason in the operator's log."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from oauth_guard.errors import Reason
from tests.acceptance.attacks.attack import (
    SECRET,
    Attack,
    any_method,
    older_issuer,
    partly_public,
    tls_only,
    token_optional,
    two_issuers,
    two_resources,
    with_policies,
    with_shared_secret,
)
from tests.acceptance.attacks.forgery import forge, with_secret
from tests.acceptance.attacks.on_addresses import ELSEWHERE, NAMES, ON_ADDRESSES, REDIRECTS
from tests.acceptance.attacks.on_claims import ON_CLAIMS
from tests.acceptance.attacks.on_issuers import ON_ISSUERS
from tests.acceptance.attacks.on_requests import ON_REQUESTS
from tests.acceptance.attacks.on_signatures import ON_SIGNATURES
from tests.acceptance.attacks.on_transmission import ON_TRANSMISSION
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse
from tests.unit.http.network import SERVED, Internet

TABLES = (ON_SIGNATURES, ON_CLAIMS, ON_REQUESTS, ON_TRANSMISSION, ON_ISSUERS)
ATTACKS = [pytest.param(attack, id=name) for table in TABLES for name, attack in table.items()]

NEEDS_THE_ISSUER = {
    *(Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE),
    *(
        Reason.BOUND_TOKEN,
        Reason.UNKNOWN_CONFIRMATION,
        Reason.INSUFFICIENT_SCOPE,
        Reason.MISSING_ROLE,
        Reason.NOT_A_USER,
    ),
    *(Reason.UNREACHABLE, Reason.BAD_RESPONSE, Reason.WRONG_METADATA),
}
"""The reasons found with the issuer's keys; for all others the issuer is not contacted."""


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attack_is_rejected_for_its_reason(attack: Attack) -> None:
    """No handler runs, nothing is disclosed, and no host but the issuer is contacted."""
    api = attack.api()
    response = await attack.send(api)
    expect(response, attack.outcome)
    assert list(_reasons(response.log)) == [attack.reason]
    assert not re.search("evil", f"{response.headers!r}{response.body!r}", re.IGNORECASE)
    assert not re.search("evil", _without_details(response.log), re.IGNORECASE)
    if attack.reason in NEEDS_THE_ISSUER:
        assert all(url.startswith(f"{ISSUER}/") for url in api.authority.requests)
        assert len(api.authority.requests) <= 2 * (1 + 3)  # unknown keys cause three fetches
    else:
        assert api.authority.requests == []


@pytest.mark.parametrize(("jwks_uri", "reason"), ON_ADDRESSES.values(), ids=ON_ADDRESSES)
def test_jwks_uri_on_an_internal_address_is_not_fetched(
    jwks_uri: str, reason: Reason, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the issuer is connected to; the response is 503 and does not name the URL."""
    internet = Internet(tmp_path, "as.example.com")
    internet.install(monkeypatch)
    internet.names = dict(NAMES)
    internet.hosts = {ELSEWHERE: SERVED, "127.0.0.1": SERVED}
    api = Api(issuer={"http": None})
    metadata = {"issuer": ISSUER, "jwks_uri": jwks_uri}
    paths = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
    internet.responses = {
        **dict.fromkeys(paths, metadata),
        **REDIRECTS,
        "/jwks": api.authority.jwks,
    }

    async def attack() -> RecordedResponse:
        async with api.guard:
            return await api.get(token=forge(api))

    response = internet.run(attack)
    expect(response, "503")
    assert list(_reasons(response.log)) == [reason]
    assert set(internet.attempts) == {ELSEWHERE}
    assert all(url.startswith(f"{ISSUER}/") for url in internet.requests)
    assert jwks_uri not in repr(response.messages)


def _without_details(log: str) -> str:
    """Return *log* without what it tells the operator: the method, and what was found.

    Found issuers, audiences and types are bounded and escaped; no other value is logged.
    """
    return re.sub(
        r": \S+ (?=/\S*: rejected)|\([a-z]+ [^\n]*\)(?=: \w+$)", "", log, flags=re.MULTILINE
    )


def _reasons(log: str) -> Iterator[str]:
    """Yield the reason at the end of each line that a guard of the API logged."""
    yield from re.findall(rf" oauth_guard {RESOURCE}\S*: .*: (\w+)$", log, re.MULTILINE)


GOOD: Mapping[str, tuple[Any, dict[str, Any]]] = {
    "plain": (Api, {}),
    "older issuer": (older_issuer, {"header": {"typ": "JWT"}}),
    "token optional": (token_optional, {}),
    "sent in any way": (any_method, {}),
    "over TLS alone": (tls_only, {}),
    "shared secret": (
        with_shared_secret,
        {"header": {"alg": "HS256"}, "sign": with_secret(SECRET)},
    ),
    "partly public": (partly_public, {}),
    "two resources": (two_resources, {}),
    "two issuers": (two_issuers, {}),
    "with_policies": (with_policies, {}),
}


@pytest.mark.parametrize(("build", "changes"), GOOD.values(), ids=GOOD)
async def test_unmodified_token_is_accepted(build: Any, changes: dict[str, Any]) -> None:
    """The attacks above are therefore rejected only for their modification."""
    api = build()
    expect(await api.get(token=forge(api, **changes)), "200")


@pytest.mark.parametrize(
    ("target", "claims"),
    [
        ("/w", {"scope": "read write"}),
        ("/ops", {"roles": ["ops"]}),
        ("/users", {}),
    ],
)
async def test_request_that_satisfies_the_policy_is_accepted(
    target: str, claims: dict[str, Any]
) -> None:
    """The routes with policies accept a caller who satisfies them."""
    api = with_policies()
    expect(await api.post(target, forge(api, claims=claims)), "200")


@pytest.mark.parametrize("target", ["/a", "/a/r", "/b", "/b/r"])
async def test_resource_accepts_its_own_token(target: str) -> None:
    """The path prefix selects the guard."""
    api = two_resources()
    aud = RESOURCE + target[:2]
    expect(await api.send("GET", target, bearer(forge(api, claims={"aud": aud}))), "200")


@pytest.mark.parametrize("target", ["/health", "/static/a", "/static/a/b", "/health?x=/r"])
async def test_public_path_requires_no_token(target: str) -> None:
    """The caller is anonymous."""
    expect(await partly_public().get(target), "200 anonymous")
