"""CORS and the guard (section 32 of the conformance matrix)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.acceptance.standards.api import Api
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers, RecordedResponse
from tests.acceptance.standards.rejections import REJECTIONS, Rejection, rows

ORIGIN = "https://app.example.com"
PREFLIGHT: Headers = (
    (b"origin", ORIGIN.encode()),
    (b"access-control-request-method", b"GET"),
)


async def _secret(_connection: Any, _receive: Any, send: Any) -> None:
    """Send the same response to every method."""
    headers = [(b"content-length", b"6"), (b"x-mine", b"1")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b"sec", "more_body": True})
    await send({"type": "http.response.body", "body": b"ret"})


def _names(response: RecordedResponse, header: str) -> set[str]:
    return {name.strip().lower() for line in response.lines(header) for name in line.split(",")}


@pytest.mark.conformance("CORS-01")
async def test_preflight_reaches_the_application_as_anonymous() -> None:
    """A preflight can't carry credentials, so none are required."""
    response = await Api(app=_secret).send("OPTIONS", "/r", PREFLIGHT)
    assert response.status == 201
    assert [identity.is_authenticated for identity in response.seen] == [False]


@pytest.mark.conformance("CORS-01")
async def test_preflight_response_has_no_body() -> None:
    """An application that ignores the method discloses nothing."""
    response = await Api(app=_secret).send("OPTIONS", "/r", PREFLIGHT)
    assert response.headers == ((b"x-mine", b"1"),)
    assert response.body == b""


@pytest.mark.conformance("CORS-01")
async def test_preflight_is_rejected_if_preflights_are_off() -> None:
    """It is then handled like any other request."""
    api = Api(app=_secret, middleware={"preflights": False})
    expect(await api.send("OPTIONS", "/r", PREFLIGHT), "401 none")


@pytest.mark.conformance("CORS-02")
@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
async def test_challenge_is_exposed_to_scripts(rejection: Rejection) -> None:
    """Rejections of the middleware and of a route expose it."""
    api = Api(middleware={"cors": [ORIGIN]})
    origin = (b"origin", ORIGIN.encode())
    from_a_script = replace(rejection, headers=lambda api: [*rejection.headers(api), origin])
    response = await from_a_script.over_http(api)
    assert response.lines("access-control-allow-origin") == [ORIGIN]
    assert _names(response, "access-control-expose-headers") >= {"www-authenticate", "dpop-nonce"}
    assert response.status == int(rejection.outcome[:3])


@pytest.mark.conformance("CORS-03")
@pytest.mark.parametrize("origins", [[ORIGIN], ["*"]], ids=["named", "all"])
async def test_preflight_response_allows_the_authorization_header(origins: list[str]) -> None:
    """By name, since `*` does not include it."""
    api = Api(middleware={"cors": origins})
    wanted = (b"access-control-request-headers", b"authorization,dpop")
    response = await api.send("OPTIONS", "/r", [*PREFLIGHT, wanted])
    assert response.status == 204
    assert _names(response, "access-control-allow-headers") >= {"authorization", "dpop"}
    assert not response.seen


@pytest.mark.conformance("CORS-04")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="neither field"),
        pytest.param(PREFLIGHT[:1], id="no requested method"),
        pytest.param(PREFLIGHT[1:], id="no origin"),
    ],
)
@pytest.mark.parametrize("cors", [[], [ORIGIN]], ids=["option off", "option on"])
async def test_options_that_is_no_preflight_requires_a_token(
    headers: Headers, cors: list[str]
) -> None:
    """Only the combination of headers of a preflight makes it one."""
    api = Api(app=_secret, middleware={"cors": cors})
    expect(await api.send("OPTIONS", "/r", headers), "401 none")
