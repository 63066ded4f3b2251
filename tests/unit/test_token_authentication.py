"""TokenAuthentication: `Guard.authenticate_token` takes the same path without a request."""

from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import (
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    OAuthGuardError,
    Reason,
)
from oauth_guard.possession import DPoP
from oauth_guard.testing import LocalIssuer

RESOURCE = "https://api.example.com"


def _guard(issuer: LocalIssuer, **settings: Any) -> Guard:
    return Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)], **settings)


def _issuer() -> LocalIssuer:
    return LocalIssuer("https://login.example.com", audience=RESOURCE)


async def test_token_has_the_identity_that_a_request_with_it_has() -> None:
    """Also where TLS is required, since the token counts as sent over it."""
    issuer = _issuer()
    guard = _guard(issuer, require_https=True)
    assert (await guard.authenticate_token(issuer.token("read", sub="u7"))).subject == "u7"


@pytest.mark.parametrize("settings", [{}, {"dpop": DPoP()}, {"binding": "dpop", "dpop": DPoP()}])
async def test_bound_token_is_rejected(settings: dict[str, Any]) -> None:
    """Whatever the guard accepts: there is no proof."""
    issuer = _issuer()
    guard = _guard(issuer, **settings)
    for changes in ({"cnf": {"jkt": "A" * 43}}, {"cnf": {"x5t#S256": "A" * 43}}):
        with pytest.raises(InvalidToken):
            await guard.authenticate_token(issuer.token("read", **changes))


@pytest.mark.parametrize(
    ("token", "settings", "error"),
    [
        ("", {}, InvalidRequest),
        ("a b", {}, InvalidRequest),
        ("\N{SNOWMAN}", {}, InvalidRequest),
        ("x" * 20_000, {}, InvalidRequest),
        ("a.b.c", {}, InvalidToken),
        ("a.b.c", {"token_header": "X-Token"}, MissingCredentials),
    ],
    ids=["empty", "two", "not ASCII", "long", "no JWT", "header of a proxy"],
)
async def test_text_that_is_no_valid_token_is_rejected(
    token: str, settings: dict[str, Any], error: type[OAuthGuardError]
) -> None:
    """With the error that a request has."""
    with pytest.raises(error):
        await _guard(_issuer(), **settings).authenticate_token(token)


async def test_unavailable_issuer_is_no_invalid_token() -> None:
    """The caller may try again."""
    issuer = _issuer()
    token = issuer.token("read")

    def fail(_: object) -> Any:
        raise OSError

    issuer.outage = fail
    with pytest.raises(IssuerUnavailable) as raised:
        await _guard(issuer).authenticate_token(token)
    assert raised.value.reason == Reason.UNREACHABLE
