"""`claims=` and `clients=` are checked on each request, whatever is cached."""

from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, IntrospectionIssuer
from oauth_guard.errors import InsufficientScope, InvalidRequest, InvalidToken, Reason
from tests.acceptance.standards.api import Api


class SwitchedCheck:
    """A function at `claims=` whose outcome a test changes.

    Attributes:
        rejection: What it raises, if anything.
        seen: How often it was called.
    """

    def __init__(self) -> None:
        self.rejection: Exception | None = None
        self.seen = 0

    def __call__(self, claims: Mapping[str, Any]) -> None:
        """Check *claims*, which are immutable."""
        self.seen += 1
        careless: Any = claims
        with pytest.raises(TypeError, match="shared between requests"):
            careless["sub"] = "x"
        if self.rejection is not None:
            raise self.rejection


def introspecting(**settings: Any) -> Api:
    """Return an API whose issuer introspects tokens; the results are cached."""
    authority = Api().authority
    client = ClientSecretBasic("api", "secret")
    issuer = IntrospectionIssuer(authority.issuer, client=client, http=authority.http, **settings)
    api = Api(guard={"issuers": [issuer]})
    api.authority = authority
    return api


@pytest.mark.parametrize(
    ("rejection", "status", "code"),
    [
        pytest.param(InvalidToken(Reason.WRONG_CLAIM), 401, "invalid_token", id="the token"),
        pytest.param(InsufficientScope(scope="gold"), 403, "insufficient_scope", id="the scope"),
        pytest.param(
            InvalidRequest(Reason.MALFORMED_CREDENTIALS), 400, "invalid_request", id="the request"
        ),
    ],
)
@pytest.mark.parametrize("kind", ["signed", "introspected"])
async def test_claim_function_may_raise_any_rejection(
    kind: str, rejection: Exception, status: int, code: str
) -> None:
    """On each request, also if the token is cached."""
    check = SwitchedCheck()
    api = introspecting(claims=check) if kind == "introspected" else Api(issuer={"claims": check})
    token = api.authority.opaque_token("read") if kind == "introspected" else api.token()
    assert (await api.get(token=token)).status == 200
    check.rejection = rejection
    response = await api.get(token=token)
    assert response.status == status
    assert f'error="{code}"' in str(response.headers)
    check.rejection = None
    assert (await api.get(token=token)).status == 200
    assert check.seen == 3
    assert len(api.authority.introspection.requests) == (kind == "introspected")


@pytest.mark.parametrize("setting", ["claims", "is_client_token"])
@pytest.mark.parametrize("claims", [{}, {"plan": 5}], ids=["missing", "another type"])
async def test_token_without_a_claim_that_a_function_reads_is_rejected(
    setting: str, claims: dict[str, Any]
) -> None:
    """With 401: a valid token need not have the claim."""
    api = Api(issuer={setting: lambda claims: claims["plan"].strip("fre") or None})
    assert (await api.get(token=api.token(plan="free"))).status == 200
    assert (await api.get(token=api.token(**claims))).status == 401


@pytest.mark.parametrize("error", [OSError("down"), RuntimeError("broken")], ids=repr)
async def test_other_exception_of_a_claim_function_passes_through(error: Exception) -> None:
    """The server responds with 500, and the request is not admitted."""
    check = SwitchedCheck()
    check.rejection = error
    with pytest.raises(type(error)):
        await Api(issuer={"claims": check}).get(token=Api().token())


@pytest.mark.parametrize(
    ("settings", "claims", "status"),
    [
        pytest.param({"claims": {"org": "acme"}}, {"org": "acme"}, 200, id="the value"),
        pytest.param({"claims": {"org": "acme"}}, {"org": "evil"}, 401, id="another value"),
        pytest.param({"claims": {"org": "acme"}}, {"org": ["acme"]}, 401, id="in an array"),
        pytest.param({"claims": {"org": "acme"}}, {}, 401, id="no value"),
        pytest.param({"clients": ["c1"]}, {}, 200, id="the client"),
        pytest.param({"clients": ["c2"]}, {}, 401, id="another client"),
        pytest.param(
            {"clients": ["c1"], "audience_optional": True}, {"aud": None}, 200, id="no audience"
        ),
        pytest.param(
            {"clients": ["c1"], "audience_optional": True}, {"aud": "x"}, 401, id="another audience"
        ),
    ],
)
async def test_cached_introspection_result_is_checked_like_a_new_one(
    settings: dict[str, Any], claims: dict[str, Any], status: int
) -> None:
    """Both requests have the same outcome."""
    api = introspecting(**settings)
    token = api.authority.opaque_token("read", **claims)
    assert [(await api.get(token=token)).status for _ in range(2)] == [status, status]
    assert len(api.authority.introspection.requests) == 1
