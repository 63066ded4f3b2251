"""RFC 9110 section 11: HTTP authentication (section 8 of the conformance matrix)."""

from typing import Any

import pytest

from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect, refused
from tests.acceptance.standards.refusals import BY_THE_DOOR, REFUSALS, Refusal, rows

UNAUTHORIZED = [each for each in REFUSALS if each.outcome.startswith("401")]


@pytest.mark.conformance("9110-01")
@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
async def test_the_scheme_has_no_case(api: Api, scheme: str) -> None:
    """However it is written, it is Bearer."""
    value = f"{scheme} {api.token()}".encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "200")


@pytest.mark.conformance("9110-02")
@pytest.mark.parametrize("name", [b"authorization", b"Authorization"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("other", ["the same", "a bad token", "another scheme", "nothing"])
async def test_a_second_authorization_field_is_malformed(
    api: Api, other: str, place: int, name: bytes
) -> None:
    """Neither the first nor the last wins, however either is written."""
    ((_, good),) = bearer(api.token())
    second = {
        "the same": good,
        "a bad token": b"Bearer abcdefgh",
        "another scheme": b"Basic dTpwdTpw",
        "nothing": b"",
    }[other]
    fields = [(b"authorization", good), (b"x-between", b"1")]
    fields.insert(2 * place, (name, second))
    expect(await api.send("GET", "/r", fields), "400 invalid_request")


@pytest.mark.conformance("9110-02")
async def test_authorization_is_no_list(api: Api) -> None:
    """A proxy may have joined two lines with a comma."""
    token = api.token()
    value = f"Bearer {token}, Bearer {token}".encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "400 invalid_request")


@pytest.mark.conformance("9110-03")
@pytest.mark.parametrize("refusal", rows(*UNAUTHORIZED))
async def test_every_401_has_a_challenge(api: Api, refusal: Refusal) -> None:
    """Over HTTP, HEAD and WebSocket alike."""
    for answer in (
        await refusal.over_http(api),
        await refusal.over_http(api, "HEAD"),
        await refusal.over_websocket(api),
    ):
        assert answer.status == 401
        assert answer.challenges
        refused(answer)


@pytest.mark.conformance("9110-03")
async def test_a_401_of_a_route_has_a_challenge() -> None:
    """An anonymous caller who got as far as a route is told what it asks for."""
    answer = await Api(middleware={"required": False}).get("/admin")
    expect(answer, "401 none")
    assert answer.challenges[0][1]["scope"] == "read admin"


@pytest.mark.conformance("9110-04")
@pytest.mark.parametrize("refusal", rows(*REFUSALS))
async def test_one_line_holds_one_challenge(api: Api, refusal: Refusal) -> None:
    """So nobody has to find out where one ends and the next begins."""
    answer = await refusal.over_http(api)
    expect(answer, refusal.outcome)
    assert [scheme for scheme, _ in answer.challenges] == ([] if refusal.outage else ["Bearer"])


@pytest.mark.conformance("9110-05")
async def test_proxy_authorization_is_not_ours(api: Api) -> None:
    """It was meant for somebody on the way."""
    ((_, value),) = bearer(api.token())
    expect(await api.send("GET", "/r", [(b"proxy-authorization", value)]), "401 none")
    both = [(b"proxy-authorization", b"Bearer x"), (b"authorization", value)]
    answer = await api.send("GET", "/r", both)
    assert answer.status == 200


@pytest.mark.conformance("9110-06")
@pytest.mark.parametrize("refusal", rows(*BY_THE_DOOR))
async def test_head_is_refused_as_get_without_a_body(api: Api, refusal: Refusal) -> None:
    """The header fields are the same, the length of the body included."""
    over_get = await refusal.over_http(api, "GET")
    over_head = await refusal.over_http(api, "HEAD")
    expect(over_get, refusal.outcome)
    assert over_head.status == over_get.status
    assert over_head.headers == over_get.headers
    assert over_head.body == b""


@pytest.mark.conformance("9110-07")
async def test_challenges_of_the_application_are_left_alone() -> None:
    """What it asks for by itself is its own affair."""

    async def app(_connection: Any, _receive: Any, send: Any) -> None:
        headers = [(b"www-authenticate", b'Basic realm="x"')]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})

    api = Api(app=app)
    answer = await api.get("/r", api.token())
    assert answer.status == 401
    assert answer.headers == ((b"www-authenticate", b'Basic realm="x"'),)
    assert answer.body == b"no"
