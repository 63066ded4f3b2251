"""FAPI 2.0 Security Profile: the demands on a resource server."""

from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, IntrospectionIssuer, JWTIssuer
from oauth_guard.possession import DPoP, TLSExtension
from oauth_guard.stores.replays import MemoryOnce
from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.testing.dpop import DPoPKey
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers

KEY = DPoPKey(clock=lambda: NOW)
ALGORITHMS = ["PS256", "ES256", "EdDSA"]


class FapiApi(Api):
    """The API of the matrix under the profile, with JWTs of one issuer that are introspected."""

    def __init__(self, key: SigningKey | None = None, **guard: Any) -> None:
        server = LocalIssuer(ISSUER, audience=RESOURCE, key=key, clock=self._clock)
        shared: dict[str, Any] = {"http": server.http, "clock": self._clock, "leeway": 0}
        opaque = IntrospectionIssuer(ISSUER, client=ClientSecretBasic("api", "secret"), **shared)
        issuer = JWTIssuer(ISSUER, introspection=opaque, algorithms=ALGORITHMS, **shared)
        settings = {"profile": "fapi2", "dpop": DPoP(replays=MemoryOnce()), "issuers": [issuer]}
        super().__init__(guard={**settings, **guard})
        self.authority = server

    def issued(self, **changes: Any) -> str:
        """Return a token that is bound to `KEY`, and that the endpoint knows."""
        claims = self.authority.claims("read", **{"cnf": KEY.cnf} | changes)
        token = self.authority.token(**claims)
        self.authority.introspection.responses[token] = {"active": True, **claims}
        return token


def dpop(token: str) -> Headers:
    """Return the fields of a request with a proof."""
    made = KEY.headers(token, "GET", f"{RESOURCE}/r")
    return tuple((name.lower().encode(), value.encode()) for name, value in made.items())


@pytest.mark.conformance("FAPI-01")
@pytest.mark.parametrize("method", ["query", "body"])
def test_other_places_than_the_header_are_refused(method: str) -> None:
    """When the guard is built."""
    with pytest.raises(ValueError, match="header only"):
        FapiApi(bearer_methods=["header", method])


@pytest.mark.conformance("FAPI-01")
async def test_token_in_the_query_is_not_read() -> None:
    """No credentials are found."""
    api = FapiApi()
    expect(await api.get(f"/r?access_token={api.issued()}"), "401 none")


@pytest.mark.conformance("FAPI-02")
async def test_revocation_and_binding_are_checked_on_each_request() -> None:
    """The first request after a revocation is rejected."""
    api = FapiApi()
    token = api.issued()
    for _ in range(2):
        expect(await api.send("GET", "/r", dpop(token)), "200")
    assert len(api.authority.introspection.requests) == 2
    api.authority.revoke(token)
    expect(await api.send("GET", "/r", dpop(token)), "401 invalid_token")
    unbound = api.issued(cnf=None)
    expect(await api.send("GET", "/r", bearer(unbound)), "401 invalid_token")
    expect(await api.send("GET", "/r", dpop(api.issued(exp=NOW - 1))), "401 invalid_token")


@pytest.mark.conformance("FAPI-02")
def test_guard_that_can_not_learn_of_revocations_is_refused() -> None:
    """When it is built."""
    issuer = JWTIssuer(ISSUER, algorithms=ALGORITHMS)
    with pytest.raises(ValueError, match="revocation status"):
        FapiApi(issuers=[issuer])


async def test_profile_requires_tls() -> None:
    """As far as the server knows."""
    api = FapiApi(certificates=TLSExtension())
    token = api.issued()
    expect(await api.send("GET", "/r", dpop(token), scheme="http"), "400 invalid_request")


@pytest.mark.conformance("FAPI-03")
@pytest.mark.parametrize(
    ("algorithm", "outcome"),
    [("RS256", "401 invalid_token"), ("PS256", "200"), ("ES256", "200"), ("EdDSA", "200")],
)
async def test_algorithms_of_the_profile_are_accepted(algorithm: str, outcome: str) -> None:
    """And no others."""
    api = FapiApi(SigningKey("k1", algorithm))
    expect(await api.send("GET", "/r", dpop(api.issued())), outcome)


@pytest.mark.conformance("FAPI-04")
async def test_keys_of_one_kid_are_distinguished_by_their_type() -> None:
    """One is RSA, the other is on a curve."""
    for order in (1, -1):
        api = FapiApi()
        api.authority.keys[:] = [SigningKey("k1", "PS256"), SigningKey("k1", "ES256")][::order]
        expect(await api.send("GET", "/r", dpop(api.issued())), "200")
