"""Attacks on the issuer's keys and metadata, and outages of the issuer."""

import httpx

from oauth_guard.errors import Reason
from tests.acceptance.attacks.attack import (
    PARTNER,
    Attack,
    outage,
    token,
    token_optional,
    two_issuers,
)
from tests.acceptance.attacks.forgery import attacker_key, by, forge
from tests.acceptance.standards.api import ISSUER, Api
from tests.acceptance.standards.recorded_response import RecordedResponse

EVIL = "https://evil.example"


async def _flood(api: Api) -> RecordedResponse:
    """Send a hundred tokens, each with another unknown `kid`; return the last logged rejection."""
    tokens = [forge(api, header={"kid": f"evil{number}"}) for number in range(100)]
    responses = [await api.get(token=each) for each in tokens]
    assert api.authority.requests.count(f"{ISSUER}/jwks") <= 1 + 3
    assert responses[-1].log == ""  # the log is limited
    return next(each for each in reversed(responses) if each.log and each.status == 401)


def _unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


R = Reason
ON_ISSUERS: dict[str, Attack] = {
    # A fault of the issuer is not the client's fault
    "issuer down": outage(R.UNREACHABLE, response=_unreachable),
    "issuer down, token optional": outage(R.UNREACHABLE, response=_unreachable, api=token_optional),
    "issuer redirects": outage(
        R.BAD_RESPONSE, response=lambda _: httpx.Response(302, headers={"location": EVIL})
    ),
    "issuer responds with HTML": outage(
        R.BAD_RESPONSE, response=lambda _: httpx.Response(200, html="<p>evil</p>")
    ),
    "metadata of another issuer": outage(R.WRONG_METADATA, metadata={"issuer": EVIL}),
    "metadata with a trailing slash in issuer": outage(
        R.WRONG_METADATA, metadata={"issuer": f"{ISSUER}/"}
    ),
    "keys over http": outage(R.WRONG_METADATA, metadata={"jwks_uri": "http://as.example.com/jwks"}),
    # Selection of keys
    "100 unknown keys": Attack(_flood, "401 invalid_token", R.UNKNOWN_KEY),
    "kid of another issuer": token(R.BAD_SIGNATURE, sign=by(attacker_key()), api=two_issuers),
    "key of the other issuer": token(R.BAD_SIGNATURE, claims={"iss": PARTNER}, api=two_issuers),
}
