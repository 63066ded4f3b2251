"""RFC 9110 section 11: HTTP authentication (section 8 of the conformance matrix)."""

from typing import Any

import pytest

from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect, expect_rejection
from tests.acceptance.standards.rejections import BY_MIDDLEWARE, REJECTIONS, Rejection, rows

UNAUTHORIZED = [each for each in REJECTIONS if each.outcome.startswith("401")]


@pytest.mark.conformance("9110-01")
@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
async def test_scheme_is_case_insensitive(api: Api, scheme: str) -> None:
    """In any combination of cases it is Bearer."""
    value = f"{scheme} {api.token()}".encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "200")


@pytest.mark.conformance("9110-02")
@pytest.mark.parametrize("name", [b"authorization", b"Authorization"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("other", ["the same", "a bad token", "another scheme", "nothing"])
async def test_second_authorization_field_is_malformed(
    api: Api, other: str, place: int, name: bytes
) -> None:
    """Neither the first nor the last is used."""
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
async def test_comma_separated_authorization_is_malformed(api: Api) -> None:
    """A proxy may have joined two field lines."""
    token = api.token()
    value = f"Bearer {token}, Bearer {token}".encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "400 invalid_request")


@pytest.mark.conformance("9110-03")
@pytest.mark.parametrize("rejection", rows(*UNAUTHORIZED))
async def test_every_401_has_a_challenge(api: Api, rejection: Rejection) -> None:
    """For GET, HEAD and WebSocket."""
    for response in (
        await rejection.over_http(api),
        await rejection.over_http(api, "HEAD"),
        await rejection.over_websocket(api),
    ):
        assert response.status == 401
        assert response.challenges
        expect_rejection(response)


@pytest.mark.conformance("9110-03")
async def test_401_of_a_route_has_a_challenge() -> None:
    """An anonymous caller reaches a route that requires a scope."""
    response = await Api(middleware={"required": False}).get("/admin")
    expect(response, "401 none")
    assert response.challenges[0][1]["scope"] == "read admin"


@pytest.mark.conformance("9110-04")
@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
async def test_each_field_line_has_one_challenge(api: Api, rejection: Rejection) -> None:
    """A client needs no rule to separate challenges."""
    response = await rejection.over_http(api)
    expect(response, rejection.outcome)
    assert [scheme for scheme, _ in response.challenges] == ([] if rejection.outage else ["Bearer"])


@pytest.mark.conformance("9110-05")
async def test_proxy_authorization_is_ignored(api: Api) -> None:
    """It is meant for a proxy."""
    ((_, value),) = bearer(api.token())
    expect(await api.send("GET", "/r", [(b"proxy-authorization", value)]), "401 none")
    both = [(b"proxy-authorization", b"Bearer x"), (b"authorization", value)]
    response = await api.send("GET", "/r", both)
    assert response.status == 200


@pytest.mark.conformance("9110-06")
@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE))
async def test_rejected_head_has_the_headers_of_get_and_no_body(
    api: Api, rejection: Rejection
) -> None:
    """Content-Length included."""
    over_get = await rejection.over_http(api, "GET")
    over_head = await rejection.over_http(api, "HEAD")
    expect(over_get, rejection.outcome)
    assert over_head.status == over_get.status
    assert over_head.headers == over_get.headers
    assert over_head.body == b""


@pytest.mark.conformance("9110-07")
async def test_challenge_of_the_application_is_unchanged() -> None:
    """The middleware adds none of its own."""

    async def app(_connection: Any, _receive: Any, send: Any) -> None:
        headers = [(b"www-authenticate", b'Basic realm="x"')]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})

    api = Api(app=app)
    response = await api.get("/r", api.token())
    assert response.status == 401
    assert response.headers == ((b"www-authenticate", b'Basic realm="x"'),)
    assert response.body == b"no"
