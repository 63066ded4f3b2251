"""TokenValidation: what it validates, and which outcome it caches."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Unpack

import pytest

from oauth_guard import JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.identity_cache import IdentityCache
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from oauth_guard.token_validation import TokenSettings, TokenValidation
from tests.acceptance.standards.api import NOW, bearer
from tests.builders.clock import FakeClock

RESOURCE = "https://api.test"
METHODS = BearerMethods.of(("header",), None, require_https=False, dpop=False)


@dataclass
class Possession:
    """What the validation reads of the guard's check of proofs."""

    is_required: bool = False
    is_fapi2: bool = False


class Harness:
    """A validation at a local issuer, and its cache."""

    def __init__(self, possession: Possession, settings: TokenSettings) -> None:
        self.clock, self.cache = FakeClock(NOW), IdentityCache()
        self.issuer = LocalIssuer(audience=RESOURCE, clock=self.clock)
        listed = JWTIssuer(self.issuer.issuer, http=self.issuer.http, clock=self.clock)
        self.router = IssuerRouter([listed], clock=self.clock, monotonic=self.clock)
        self.validation = TokenValidation(
            RESOURCE, self.router, self.cache, self.clock, possession, **settings
        )

    def request(self, **claims: Any) -> ResourceRequest:
        """Return a request with a token of the issuer."""
        headers = bearer(self.issuer.token(**claims))
        request = ResourceRequest({"type": "http", "method": "GET", "headers": headers})
        request.read_credentials(METHODS)
        return request

    def is_cached(self, request: ResourceRequest) -> bool:
        """Return whether the token of *request* is in the cache now."""
        return self.cache.get(request.cache_key, self.clock()) is not None


def harness(*, required: bool = False, **settings: Unpack[TokenSettings]) -> Harness:
    """Return a validation with settings of a guard."""
    return Harness(Possession(required), settings)


async def test_valid_token_is_validated_and_cached() -> None:
    """The identity is that of the token."""
    made = harness()
    await made.router.load()
    request = made.request(sub="u1")
    validated = await made.validation.validate_token(request, introspect=False)
    assert (validated.identity.subject, validated.needs_proof) == ("u1", False)
    assert made.is_cached(request)


@pytest.mark.parametrize(
    ("ignored", "audience", "accepted"),
    [
        (False, "HTTPS://api.test", False),
        (True, "HTTPS://API.test", True),
        (True, ["https://other.test", "https://API.TEST"], True),
        (True, "HTTPS://api.test/x", False),
        (True, "https://other.test", False),
    ],
    ids=["exact", "ignored", "one of two", "path", "host"],
)
async def test_case_of_scheme_and_host_is_ignored_if_set(
    ignored: bool, audience: Any, accepted: bool
) -> None:
    """The path stays exact."""
    made = harness(ignore_host_case=ignored)
    await made.router.load()
    request = made.request(aud=audience)
    with nullcontext() if accepted else pytest.raises(InvalidToken):
        await made.validation.validate_token(request, introspect=False)
    assert made.is_cached(request) == accepted


async def test_token_of_another_resource_is_rejected_and_not_cached() -> None:
    """It is valid at its issuer."""
    made = harness()
    await made.router.load()
    request = made.request(aud="https://other.test")
    with pytest.raises(InvalidToken) as caught:
        await made.validation.validate_token(request, introspect=False)
    assert caught.value.reason == Reason.WRONG_AUDIENCE
    assert not made.is_cached(request)


@pytest.mark.parametrize(("lifetime", "accepted"), [(60, True), (61, False)])
async def test_token_with_a_longer_lifetime_is_rejected(lifetime: int, *, accepted: bool) -> None:
    """The limit itself is accepted."""
    made = harness(max_token_lifetime=60)
    request = made.request(iat=NOW, exp=NOW + lifetime)
    try:
        await made.validation.validate_token(request, introspect=False)
    except InvalidToken:
        assert not accepted
    else:
        assert accepted


class SlowKeys(StaticKeySet):
    """Keys that take ten seconds to fetch."""

    clock: FakeClock

    async def verify(self, token: JWS) -> None:
        """Verify the signature after ten seconds."""
        self.clock.advance(10)
        await super().verify(token)


@pytest.mark.parametrize(("exp", "accepted"), [(NOW + 5, False), (NOW + 6, True)])
async def test_token_that_expires_while_keys_are_fetched_is_rejected(
    exp: int, *, accepted: bool
) -> None:
    """The leeway is 5 s."""
    made = harness()
    keys = SlowKeys.from_jwks(made.issuer.jwks)
    keys.clock = made.clock
    router = IssuerRouter([JWTIssuer(made.issuer.issuer, keys=keys)])
    validation = TokenValidation(RESOURCE, router, made.cache, made.clock, Possession())
    request = made.request(exp=exp)
    with nullcontext() if accepted else pytest.raises(InvalidToken, match=Reason.EXPIRED):
        await validation.validate_token(request, introspect=False)
    assert made.is_cached(request) == accepted


async def test_exposed_token_is_not_cached() -> None:
    """No raw token is kept in memory."""
    made = harness(expose_token=True)
    await made.router.load()
    request = made.request()
    validated = await made.validation.validate_token(request, introspect=False)
    assert validated.identity.token == request.token.text
    assert not made.is_cached(request)


async def test_required_binding_needs_a_proof_for_each_token() -> None:
    """Even for a token that is not bound."""
    made = harness(required=True)
    validated = await made.validation.validate_token(made.request(), introspect=False)
    assert validated.needs_proof
