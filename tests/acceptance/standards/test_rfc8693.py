"""RFC 8693: the actor of a token, as a resource server reads it."""

from typing import Any

import pytest
from starlette.routing import Route

from oauth_guard.starlette import requires
from tests.acceptance.standards.api import NOW, Api, handler
from tests.acceptance.standards.outcome import expect

FORBIDDEN = "403 insufficient_scope"


def delegated_api() -> Api:
    """Return the API of the matrix with a route at `/s` for the actor `svc-a`."""
    return Api(routes=[Route("/s", requires(actor="svc-a")(handler))])


@pytest.mark.conformance("8693-01")
async def test_only_the_outermost_actor_counts() -> None:
    """An actor of an earlier delegation is information only."""
    api = delegated_api()
    expect(await api.get("/s", api.token(act={"sub": "svc-a"})), "200")
    expect(await api.get("/s", api.token(act={"sub": "svc-b", "act": {"sub": "svc-a"}})), FORBIDDEN)
    expect(await api.get("/s", api.token()), FORBIDDEN)


@pytest.mark.conformance("8693-02")
async def test_subject_stays_the_subject() -> None:
    """Times and audiences inside `act` have no meaning."""
    api = delegated_api()
    act = {"sub": "svc-a", "exp": NOW - 1, "nbf": NOW + 1, "aud": "https://other.example"}
    response = await api.get("/s", api.token(act=act))
    expect(response, "200")
    (identity,) = response.seen
    assert identity.subject == "u1"
    assert identity.actor is not None
    assert identity.actor.subject == "svc-a"


@pytest.mark.conformance("8693-03")
async def test_party_that_may_act_is_no_actor() -> None:
    """`may_act` says who may become one (§4.4)."""
    api = delegated_api()
    expect(await api.get("/s", api.token(may_act={"sub": "svc-a"})), FORBIDDEN)


@pytest.mark.parametrize("act", ["svc-a", ["svc-a"], {"sub": 1}, {"sub": ["svc-a"]}])
async def test_malformed_actor_is_not_accepted(act: Any) -> None:
    """It has no name."""
    api = delegated_api()
    expect(await api.get("/s", api.token(act=act)), FORBIDDEN)
