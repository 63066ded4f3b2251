"""RFC 9470: step-up authentication."""

from typing import Any

import pytest
from starlette.routing import Route

from oauth_guard.possession import DPoP
from oauth_guard.starlette import requires
from oauth_guard.testing.dpop import DPoPKey
from tests.acceptance.standards.api import NOW, RESOURCE, Api, handler
from tests.acceptance.standards.opaque import OpaqueApi
from tests.acceptance.standards.outcome import expect

STEP_UP = "401 insufficient_user_authentication"


def step_up_api(*scopes: str, guard: dict[str, Any] | None = None, **settings: Any) -> Api:
    """Return the API of the matrix with a route at `/s` that has these requirements."""
    route = Route("/s", requires(*scopes, **settings)(handler))
    return Api(routes=[route], guard=guard or {})


@pytest.mark.conformance("9470-01")
async def test_insufficient_acr_is_challenged() -> None:
    """The challenge names the accepted one."""
    api = step_up_api(acr="mfa")
    response = await api.get("/s", api.token(acr="pwd"))
    expect(response, STEP_UP)
    ((_, parameters),) = response.challenges
    assert parameters["acr_values"] == "mfa"
    assert "max_age" not in parameters
    assert "scope" not in parameters
    expect(await api.get("/s", api.token(acr="mfa")), "200")


@pytest.mark.conformance("9470-02")
@pytest.mark.parametrize("max_age", [-1, 1.5])
def test_age_must_be_a_non_negative_integer(max_age: Any) -> None:
    """When the route is built."""
    with pytest.raises(ValueError, match="max_age="):
        step_up_api(max_age=max_age)


@pytest.mark.conformance("9470-02")
async def test_old_authentication_is_challenged() -> None:
    """To the second; also for a cached token, which grows old while it is valid."""
    api = step_up_api(max_age=300)
    response = await api.get("/s", api.token(auth_time=NOW - 301))
    expect(response, STEP_UP)
    ((_, parameters),) = response.challenges
    assert parameters["max_age"] == "300"
    token = api.token(auth_time=NOW - 300)
    expect(await api.get("/s", token), "200")
    api.now += 1
    expect(await api.get("/s", token), STEP_UP)


@pytest.mark.conformance("9470-03")
@pytest.mark.parametrize("settings", [{"acr": "mfa"}, {"max_age": 300}], ids=["acr", "max_age"])
async def test_missing_claim_is_challenged(settings: dict[str, Any]) -> None:
    """So is a claim of a wrong type, or a time in the future."""
    api = step_up_api(**settings)
    expect(await api.get("/s", api.token()), STEP_UP)
    expect(await api.get("/s", api.token(acr="", auth_time=NOW + 3600)), STEP_UP)
    expect(await api.get("/s", api.token(acr=["pwd"], auth_time=str(NOW))), STEP_UP)


@pytest.mark.conformance("9470-04")
async def test_any_of_several_acr_values_satisfies() -> None:
    """They are compared exactly."""
    api = step_up_api(acr="mfa hwk")
    expect(await api.get("/s", api.token(acr="hwk")), "200")
    response = await api.get("/s", api.token(acr="MFA"))
    expect(response, STEP_UP)
    assert response.challenges[0][1]["acr_values"] == "mfa hwk"


@pytest.mark.conformance("9470-05")
async def test_one_challenge_states_everything_that_is_missing() -> None:
    """Authentication, its age, and the scope."""
    api = step_up_api("write", acr="mfa", max_age=60)
    response = await api.get("/s", api.token())
    expect(response, STEP_UP)
    ((_, parameters),) = response.challenges
    assert (parameters["acr_values"], parameters["max_age"]) == ("mfa", "60")
    assert parameters["scope"] == "write"
    response = await api.get("/s", api.token(acr="mfa", auth_time=NOW))
    expect(response, "403 insufficient_scope")


@pytest.mark.conformance("9470-06")
async def test_step_up_works_under_dpop() -> None:
    """The error is in the challenge of DPoP."""
    key = DPoPKey(clock=lambda: NOW)
    api = step_up_api(acr="mfa", guard={"dpop": DPoP()})
    token = api.token(cnf=key.cnf)
    fields = key.headers(token, "GET", f"{RESOURCE}/s").items()
    headers = [(name.lower().encode(), value.encode()) for name, value in fields]
    response = await api.send("GET", "/s", headers)
    expect(response, STEP_UP)
    assert [(scheme, p.get("error")) for scheme, p in response.challenges] == [
        ("Bearer", None),
        ("DPoP", "insufficient_user_authentication"),
    ]


@pytest.mark.conformance("9470-06")
async def test_introspected_acr_counts() -> None:
    """And an expired token is invalid, whatever its acr."""
    api = OpaqueApi(routes=[Route("/s", requires(acr="mfa")(handler))])
    assert (await api.get("/s", api.opaque(acr="mfa"))).status == 200
    expect(await api.get("/s", api.opaque(token="opaque-2", acr="pwd")), STEP_UP)
    signed = step_up_api(acr="mfa")
    expect(await signed.get("/s", signed.token(acr="pwd", exp=NOW - 1)), "401 invalid_token")
