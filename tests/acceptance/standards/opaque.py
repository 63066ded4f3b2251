"""The API of the conformance matrix, with opaque tokens that are introspected."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from starlette.routing import BaseRoute

from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, signing_keys
from tests.acceptance.standards.recorded_response import RecordedResponse

ENDPOINT = f"{ISSUER}/introspect"


class OpaqueApi(Api):
    """An `Api` with one issuer, which introspects each token.

    Args:
        cached: Whether introspection results are cached.
        guard: Options of `Guard`.
        routes: Routes to add before those of the matrix.
        settings: Options of `IntrospectionIssuer`, which override those of the matrix.
    """

    def __init__(
        self,
        *,
        cached: bool = False,
        guard: Mapping[str, Any] | None = None,
        routes: Sequence[BaseRoute] = (),
        **settings: Any,
    ) -> None:
        key, _ = signing_keys()
        server = LocalIssuer(ISSUER, audience=RESOURCE, key=key, clock=self._clock)
        defaults: dict[str, Any] = {
            "client": ClientSecretBasic("api", "secret"),
            "http": server.http,
            "leeway": 0,
            "clock": self._clock,
            "monotonic": self._clock,
            "cache_for": 60 if cached else 0,
        }
        introspecting = self.introspecting = IntrospectionIssuer(ISSUER, **defaults | settings)
        caching = IntrospectionCache(introspecting, clock=self._clock, monotonic=self._clock)
        issuer = caching if cached else introspecting
        super().__init__(guard={"issuers": [issuer], **(guard or {})}, routes=routes)
        self.authority = server

    @property
    def introspection_requests(self) -> list[httpx.Request]:
        """The requests that reached the introspection endpoint."""
        return self.authority.introspection.requests

    def opaque(self, *, token: str = "opaque-1", **changes: Any) -> str:
        """Return `O`, with changes to its introspection response; `None` removes a member."""
        claims = self.authority.claims(**{"scope": "read", "jti": "j1"} | changes)
        self.authority.introspection.responses[token] = {"active": True, **claims}
        return token

    def opaque_with(self, members: Mapping[str, Any], *, token: str = "opaque-1") -> str:
        """Return a token whose introspection response has exactly *members*."""
        self.authority.introspection.responses[token] = dict(members)
        return token

    def replace_endpoint(self, response: Callable[[httpx.Request], httpx.Response]) -> None:
        """Make *response* produce each introspection response; the rest of the server stays."""

        def outage(request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                return response(request)
            document = self.authority.jwks if request.url.path == "/jwks" else metadata
            return httpx.Response(200, json=document)

        metadata = self.authority.metadata
        self.authority.outage = outage


def expect_identity(response: RecordedResponse, **claims: Any) -> None:
    """Assert that *response* is from a handler whose caller has these *claims*."""
    assert response.status == 200, (response.status, response.log)
    (identity,) = response.seen
    assert identity.issuer == ISSUER
    assert {name: identity.claims.get(name) for name in claims} == claims
