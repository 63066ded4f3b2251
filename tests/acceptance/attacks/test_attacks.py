"""The security case as one table: attack → status and code → the reason that operators see."""

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
    policed,
    sharing_a_secret,
    tls_alone,
    token_optional,
    two_issuers,
    two_resources,
)
from tests.acceptance.attacks.forgery import forge, with_secret
from tests.acceptance.attacks.on_addresses import ELSEWHERE, NAMES, ON_ADDRESSES, REDIRECTS
from tests.acceptance.attacks.on_claims import ON_CLAIMS
from tests.acceptance.attacks.on_issuers import ON_ISSUERS
from tests.acceptance.attacks.on_requests import ON_REQUESTS
from tests.acceptance.attacks.on_signatures import ON_SIGNATURES
from tests.acceptance.attacks.on_transmission import ON_TRANSMISSION
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.unit.http.network import SERVED, Internet

TABLES = (ON_SIGNATURES, ON_CLAIMS, ON_REQUESTS, ON_TRANSMISSION, ON_ISSUERS)
ATTACKS = [pytest.param(attack, id=name) for table in TABLES for name, attack in table.items()]

ONLY_THE_ISSUER_KNOWS = {
    *(Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE),
    *(Reason.WRONG_AUDIENCE, Reason.EXPIRED, Reason.NOT_YET_VALID, Reason.ISSUED_IN_FUTURE),
    *(Reason.BOUND_TOKEN, Reason.INSUFFICIENT_SCOPE, Reason.MISSING_ROLE, Reason.NOT_A_USER),
    *(Reason.UNREACHABLE, Reason.BAD_RESPONSE, Reason.WRONG_METADATA),
}
"""The reasons that come after a look at the issuer's keys; for all others nobody is asked."""


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused_for_its_reason(attack: Attack) -> None:
    """It reaches no handler and learns nothing; who is asked, if anybody, is the issuer."""
    api = attack.api()
    answer = await attack.send(api)
    expect(answer, attack.outcome)
    assert list(_reasons(answer.log)) == [attack.reason]
    assert not re.search("evil", f"{answer.headers!r}{answer.body!r}{answer.log}", re.IGNORECASE)
    if attack.reason in ONLY_THE_ISSUER_KNOWS:
        assert all(url.startswith(f"{ISSUER}/") for url in api.authority.requests)
        assert len(api.authority.requests) <= 3
    else:
        assert api.authority.requests == []


@pytest.mark.parametrize(("jwks_uri", "reason"), ON_ADDRESSES.values(), ids=ON_ADDRESSES)
def test_an_issuer_can_not_send_us_into_our_own_network(
    jwks_uri: str, reason: Reason, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody but the issuer is connected to; the token is not judged, and it is not said why."""
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

    async def attack() -> Answer:
        async with api.guard:
            return await api.get(token=forge(api))

    answer = internet.run(attack)
    expect(answer, "503")
    assert list(_reasons(answer.log)) == [reason]
    assert set(internet.attempts) == {ELSEWHERE}
    assert all(url.startswith(f"{ISSUER}/") for url in internet.requests)
    assert jwks_uri not in repr(answer.messages)


def _reasons(log: str) -> Iterator[str]:
    """Yield the reason of each answer that was logged."""
    for line in log.splitlines():
        if found := re.search(
            r" oauth_guard \S+ (?:refused with \d+|no answer from \S+): (\w+)$", line
        ):
            yield found[1]


GOOD: Mapping[str, tuple[Any, dict[str, Any]]] = {
    "plain": (Api, {}),
    "older issuer": (older_issuer, {"header": {"typ": "JWT"}}),
    "token optional": (token_optional, {}),
    "sent in any way": (any_method, {}),
    "over TLS alone": (tls_alone, {}),
    "shared secret": (
        sharing_a_secret,
        {"header": {"alg": "HS256"}, "sign": with_secret(SECRET)},
    ),
    "partly public": (partly_public, {}),
    "two resources": (two_resources, {}),
    "two issuers": (two_issuers, {}),
    "policed": (policed, {}),
}


@pytest.mark.parametrize(("build", "changes"), GOOD.values(), ids=GOOD)
async def test_what_is_not_forged_passes(build: Any, changes: dict[str, Any]) -> None:
    """The forger's tokens are good but for the forgery: nothing above is refused by accident."""
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
async def test_who_has_what_is_asked_passes(target: str, claims: dict[str, Any]) -> None:
    """The policed routes open for those who may."""
    api = policed()
    expect(await api.post(target, forge(api, claims=claims)), "200")


@pytest.mark.parametrize("target", ["/a", "/a/r", "/b", "/b/r"])
async def test_each_resource_takes_its_own_tokens(target: str) -> None:
    """The prefixes decide which token is wanted."""
    api = two_resources()
    aud = RESOURCE + target[:2]
    expect(await api.send("GET", target, bearer(forge(api, claims={"aud": aud}))), "200")


@pytest.mark.parametrize("target", ["/health", "/static/a", "/static/a/b", "/health?x=/r"])
async def test_public_paths_are_public(target: str) -> None:
    """The paths that were opened are open."""
    expect(await partly_public().get(target), "200 anonymous")
