"""The API of the conformance matrix, with opaque tokens that its issuer is asked about."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, signing_keys

ENDPOINT = f"{ISSUER}/introspect"


class OpaqueApi(Api):
    """An `Api` whose one issuer is asked about each token.

    Args:
        remembering: Whether its answers are remembered.
        settings: Options of `IntrospectionIssuer`, beside or instead of those of the matrix.
    """

    def __init__(self, *, remembering: bool = False, **settings: Any) -> None:
        key, _ = signing_keys()
        server = LocalIssuer(ISSUER, audience=RESOURCE, key=key, clock=self._clock)
        defaults: dict[str, Any] = {
            "client": ClientSecretBasic("api", "secret"),
            "http": server.http,
            "leeway": 0,
            "clock": self._clock,
            "monotonic": self._clock,
            "cache_for": 60 if remembering else 0,
        }
        asked = IntrospectionIssuer(ISSUER, **defaults | settings)
        cached = IntrospectionCache(asked, clock=self._clock, monotonic=self._clock)
        issuer = cached if remembering else asked
        super().__init__(guard={"issuers": [issuer]})
        self.authority = server

    @property
    def questions(self) -> list[httpx.Request]:
        """The requests that asked about tokens."""
        return self.authority.introspection.requests

    def opaque(self, *, token: str = "opaque-1", **changes: Any) -> str:
        """Return `O` with changes to what is said about it; `None` leaves a member out."""
        claims = self.authority.claims(**{"scope": "read", "jti": "j1"} | changes)
        self.authority.introspection.responses[token] = {"active": True, **claims}
        return token

    def saying(self, members: Mapping[str, Any], *, token: str = "opaque-1") -> str:
        """Return a token about which exactly *members* are said."""
        self.authority.introspection.responses[token] = dict(members)
        return token

    def at_endpoint(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        """Let *answer* stand at the endpoint, and everything else stay as it is."""

        def outage(request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                return answer(request)
            document = self.authority.jwks if request.url.path == "/jwks" else metadata
            return httpx.Response(200, json=document)

        metadata = self.authority.metadata
        self.authority.outage = outage


def admitted(answer: Answer, **claims: Any) -> None:
    """Hold *answer* to have come from a handler that saw a caller with these *claims*."""
    assert answer.status == 200, (answer.status, answer.log)
    (identity,) = answer.seen
    assert identity.issuer == ISSUER
    assert {name: identity.claims.get(name) for name in claims} == claims
