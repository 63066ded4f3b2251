"""Attack: its request, and what it expects of the response."""

import httpx
import pytest

from oauth_guard.testing import LocalIssuer
from oauth_guard.testing.attack import Attack, Target

TARGET = Target("POST", "/orders", ["orders:write"], {"tenant": "acme"})
ATTACK = Attack("named", "A sentence.", TARGET, lambda _issuer, _target: {"url": "/orders?x=1"})


def test_request_is_that_of_the_target_with_the_changes_of_the_attack() -> None:
    """It has the names of the parameters of `httpx.Client.request`."""
    request = ATTACK.request(LocalIssuer())
    assert request == {"method": "POST", "url": "/orders?x=1", "headers": []}


def test_target_has_the_claims_of_a_good_token() -> None:
    """Scopes and claims are those that the route needs."""
    claims = TARGET.genuine_claims(LocalIssuer())
    assert (claims["scope"], claims["tenant"]) == ("orders:write", "acme")
    assert Target().genuine_token(LocalIssuer()).count(".") == 2


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_rejection_passes_the_check(status: int) -> None:
    """Which of them is right depends on the attack and on the settings of the guard."""
    ATTACK.check(httpx.Response(status))


@pytest.mark.parametrize("status", [200, 302, 404, 500, 503])
def test_other_response_fails_the_check(status: int) -> None:
    """The error shows name, sentence and status."""
    with pytest.raises(
        AssertionError, match=f"named: A sentence. The response has status {status}"
    ):
        ATTACK.check(httpx.Response(status))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, text="not an Attacker"),
        httpx.Response(401, headers={"www-authenticate": 'Bearer realm="attacker"'}),
    ],
    ids=["body", "header"],
)
def test_response_with_a_value_of_the_attack_fails_the_check(response: httpx.Response) -> None:
    """Texts to callers are fixed, so nothing of a request is in them."""
    with pytest.raises(AssertionError, match="contains a value of the attacker"):
        ATTACK.check(response)


def test_response_of_a_guard_with_debug_passes_the_check() -> None:
    """It shows the developer what was found; without a reason the members are the caller's own."""
    found = {"detail": {"aud": "https://attacker.example"}, "trace": [{"found": "attacker"}]}
    ATTACK.check(httpx.Response(401, json={"reason": "wrong_audience", **found}))
    with pytest.raises(AssertionError, match="contains a value of the attacker"):
        ATTACK.check(httpx.Response(401, json=found))
