"""CORS interplay (section 32 of the conformance matrix)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.acceptance.standards.answer import Answer, Headers
from tests.acceptance.standards.api import Api
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.refusals import REFUSALS, Refusal, rows

ORIGIN = "https://app.example.com"
PREFLIGHT: Headers = (
    (b"origin", ORIGIN.encode()),
    (b"access-control-request-method", b"GET"),
)


async def _secret(_connection: Any, _receive: Any, send: Any) -> None:
    """Answer every method alike."""
    headers = [(b"content-length", b"6"), (b"x-mine", b"1")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b"sec", "more_body": True})
    await send({"type": "http.response.body", "body": b"ret"})


def _names(answer: Answer, header: str) -> set[str]:
    return {name.strip().lower() for line in answer.lines(header) for name in line.split(",")}


@pytest.mark.conformance("CORS-01")
async def test_a_preflight_reaches_the_application_as_nobody() -> None:
    """It can't carry credentials, so none are asked for."""
    answer = await Api(app=_secret).send("OPTIONS", "/r", PREFLIGHT)
    assert answer.status == 201
    assert [identity.is_authenticated for identity in answer.seen] == [False]


@pytest.mark.conformance("CORS-01")
async def test_nothing_but_headers_comes_back_from_a_preflight() -> None:
    """An application that ignores the method gives nothing away."""
    answer = await Api(app=_secret).send("OPTIONS", "/r", PREFLIGHT)
    assert answer.headers == ((b"x-mine", b"1"),)
    assert answer.body == b""


@pytest.mark.conformance("CORS-01")
async def test_preflights_can_be_switched_off() -> None:
    """Then they are requests like any other."""
    api = Api(app=_secret, middleware={"preflights": False})
    expect(await api.send("OPTIONS", "/r", PREFLIGHT), "401 none")


@pytest.mark.conformance("CORS-02")
@pytest.mark.parametrize("refusal", rows(*REFUSALS))
async def test_scripts_can_read_the_challenge(refusal: Refusal) -> None:
    """Of every refusal, the middleware's and the route's."""
    api = Api(middleware={"cors": [ORIGIN]})
    origin = (b"origin", ORIGIN.encode())
    from_a_script = replace(refusal, headers=lambda api: [*refusal.headers(api), origin])
    answer = await from_a_script.over_http(api)
    assert answer.lines("access-control-allow-origin") == [ORIGIN]
    assert _names(answer, "access-control-expose-headers") >= {"www-authenticate", "dpop-nonce"}
    assert answer.status == int(refusal.outcome[:3])


@pytest.mark.conformance("CORS-03")
@pytest.mark.parametrize("origins", [[ORIGIN], ["*"]], ids=["named", "all"])
async def test_a_preflight_is_allowed_the_authorization_header(origins: list[str]) -> None:
    """By name, since `*` does not cover it."""
    api = Api(middleware={"cors": origins})
    wanted = (b"access-control-request-headers", b"authorization,dpop")
    answer = await api.send("OPTIONS", "/r", [*PREFLIGHT, wanted])
    assert answer.status == 204
    assert _names(answer, "access-control-allow-headers") >= {"authorization", "dpop"}
    assert not answer.seen


@pytest.mark.conformance("CORS-04")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="neither field"),
        pytest.param(PREFLIGHT[:1], id="no method asked for"),
        pytest.param(PREFLIGHT[1:], id="no origin"),
    ],
)
@pytest.mark.parametrize("cors", [[], [ORIGIN]], ids=["option off", "option on"])
async def test_an_ordinary_options_is_an_ordinary_request(
    headers: Headers, cors: list[str]
) -> None:
    """Without what makes a preflight, a token is wanted."""
    api = Api(app=_secret, middleware={"cors": cors})
    expect(await api.send("OPTIONS", "/r", headers), "401 none")
