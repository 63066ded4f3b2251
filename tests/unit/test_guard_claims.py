"""What `claims=` and `clients=` ask for is judged on each request, whatever is remembered."""

from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, IntrospectionIssuer
from oauth_guard.errors import InsufficientScope, InvalidRequest, InvalidToken, Reason
from tests.acceptance.standards.api import Api


class Judge:
    """A function at `claims=` whose mind a test changes.

    Attributes:
        refusal: What it raises, if anything.
        seen: How often it was called.
    """

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.seen = 0

    def __call__(self, claims: Mapping[str, Any]) -> None:
        """Judge *claims*, which nobody may change."""
        self.seen += 1
        careless: Any = claims
        with pytest.raises(TypeError, match="shared between requests"):
            careless["sub"] = "x"
        if self.refusal is not None:
            raise self.refusal


def asking(**settings: Any) -> Api:
    """Return an API whose issuer is asked about tokens; its answers are remembered."""
    authority = Api().authority
    client = ClientSecretBasic("api", "secret")
    issuer = IntrospectionIssuer(authority.issuer, client=client, http=authority.http, **settings)
    api = Api(guard={"issuers": [issuer]})
    api.authority = authority
    return api


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        pytest.param(InvalidToken(Reason.WRONG_CLAIM), 401, "invalid_token", id="the token"),
        pytest.param(InsufficientScope(scope="gold"), 403, "insufficient_scope", id="the scope"),
        pytest.param(
            InvalidRequest(Reason.MALFORMED_CREDENTIALS), 400, "invalid_request", id="the request"
        ),
    ],
)
@pytest.mark.parametrize("kind", ["signed", "asked"])
async def test_a_function_may_refuse_in_any_way(
    kind: str, refusal: Exception, status: int, code: str
) -> None:
    """At each request, also when the issuer was asked before."""
    judge = Judge()
    api = asking(claims=judge) if kind == "asked" else Api(issuer={"claims": judge})
    token = api.authority.opaque_token("read") if kind == "asked" else api.token()
    assert (await api.get(token=token)).status == 200
    judge.refusal = refusal
    answer = await api.get(token=token)
    assert answer.status == status
    assert f'error="{code}"' in str(answer.headers)
    judge.refusal = None
    assert (await api.get(token=token)).status == 200
    assert judge.seen == 3
    assert len(api.authority.introspection.requests) == (kind == "asked")


@pytest.mark.parametrize("setting", ["claims", "is_client_token"])
@pytest.mark.parametrize("claims", [{}, {"plan": 5}], ids=["missing", "odd"])
async def test_a_claim_that_a_function_can_not_read_is_no_failure_of_ours(
    setting: str, claims: dict[str, Any]
) -> None:
    """A good token need not have it, so that is a 401."""
    api = Api(issuer={setting: lambda claims: claims["plan"].strip("fre") or None})
    assert (await api.get(token=api.token(plan="free"))).status == 200
    assert (await api.get(token=api.token(**claims))).status == 401


@pytest.mark.parametrize("error", [OSError("down"), RuntimeError("broken")], ids=repr)
async def test_any_other_error_of_the_function_is_ours(error: Exception) -> None:
    """It is a 500 of the server, and nobody is let in."""
    judge = Judge()
    judge.refusal = error
    with pytest.raises(type(error)):
        await Api(issuer={"claims": judge}).get(token=Api().token())


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
async def test_a_remembered_answer_is_judged_like_a_new_one(
    settings: dict[str, Any], claims: dict[str, Any], status: int
) -> None:
    """Whoever asks again hears the same."""
    api = asking(**settings)
    token = api.authority.opaque_token("read", **claims)
    assert [(await api.get(token=token)).status for _ in range(2)] == [status, status]
    assert len(api.authority.introspection.requests) == 1
