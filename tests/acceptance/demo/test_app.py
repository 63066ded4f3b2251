"""The application in process: who may what, and a sane answer to everything else."""

import json

import pytest

from demo_api.roster import ROSTER
from tests.acceptance.demo.authorization_server.stage import ORIGIN, Stage, soup
from tests.acceptance.demo.callers import bearer, client_itself, person, service_account

EMPLOYEES = "/v1/data/employees"
SOMEBODY = {"name": "Charles Babbage", "title": "Mechanic"}
BOTH = "read write"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/", 200, id="home"),
        pytest.param("GET", "/health", 200, id="health"),
        pytest.param("GET", "/.well-known/oauth-protected-resource/v1", 200, id="metadata"),
        pytest.param("HEAD", "/.well-known/oauth-protected-resource/v1", 200, id="metadata, HEAD"),
        pytest.param("GET", "/.well-known/oauth-authorization-server", 200, id="issuer"),
        pytest.param("GET", "/v1/auth/clients/new", 200, id="registration page"),
        pytest.param("GET", "/v1/fastapi/docs", 200, id="docs"),
        pytest.param("GET", "/v1/fastapi/docs/oauth2-redirect", 200, id="docs, way back"),
        pytest.param("GET", "/v1/fastapi/docs/assets/swagger-ui.css", 200, id="docs, style"),
        pytest.param("GET", "/v1/fastapi/openapi.json", 200, id="openapi"),
        pytest.param("GET", "/nowhere", 404, id="unknown"),
        pytest.param("POST", "/health", 405, id="wrong method"),
        pytest.param("GET", "/v1/auth/oauth2/token", 405, id="wrong method, token endpoint"),
        pytest.param(
            "GET", "/an-hour-ago/v1/auth/oauth2/authorize", 404, id="slow clock, no pages"
        ),
        pytest.param("GET", "/v1/me", 401, id="me"),
        pytest.param("GET", "/v1/fastapi/me", 401, id="me, FastAPI"),
        pytest.param("GET", EMPLOYEES, 401, id="employees"),
        pytest.param("POST", "/v1/fastapi/docs", 401, id="docs, not to be written"),
        pytest.param("GET", "/v1/nowhere", 401, id="unknown, guarded"),
        pytest.param("GET", "/v1/auth/nowhere", 401, id="unknown, beside the issuer"),
    ],
)
async def test_what_is_open_without_a_token(
    demo: Stage, method: str, path: str, status: int
) -> None:
    """Pages, documents and the issuer are open, and under /v1 nothing else is."""
    answer = await demo.http.request(method, path)
    assert answer.status_code == status
    if status == 401:
        assert "resource_metadata" in answer.headers["www-authenticate"]
    if status in {404, 405}:
        assert answer.json()["detail"]
        assert ("allow" in answer.headers) == (status == 405)


async def test_the_metadata_name_the_issuer_and_the_scopes(demo: Stage) -> None:
    """A client that was refused finds its way from the document alone."""
    refusal = await demo.http.get("/v1/me")
    where = refusal.headers["www-authenticate"].partition('resource_metadata="')[2].rstrip('"')
    document = (await demo.http.get(where)).json()
    assert document["resource"] == f"{ORIGIN}/v1"
    assert document["authorization_servers"] == [ORIGIN]
    assert document["scopes_supported"] == ["read", "write"]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/fastapi/me"])
async def test_me_tells_who_calls(demo: Stage, path: str) -> None:
    """Starlette and FastAPI say the same of the same caller."""
    assert (await demo.http.get(path, headers=await person(demo, "ada"))).json() == {
        "subject": "u-ada-5f1c7e90",
        "display_name": "Ada Lovelace",
        "client": "demo-web",
        "scopes": ["read"],
        "issuer": ORIGIN,
    }


async def test_each_sees_their_own(demo: Stage) -> None:
    """A person sees one organisation, the service account all, a client for itself none."""
    for headers, organisations in [
        (await person(demo, "ada"), {"Engineering"}),
        (await service_account(demo), set(ROSTER)),
        (await client_itself(demo), set()),
    ]:
        seen = (await demo.http.get(EMPLOYEES, headers=headers)).json()["employees"]
        assert {each["organisation"] for each in seen} == organisations


async def test_anothers_record_is_not_there(demo: Stage) -> None:
    """Reading and removing it answer as if it did not exist."""
    everyone = await demo.http.get(EMPLOYEES, headers=await service_account(demo))
    theirs = next(
        f"{EMPLOYEES}/{each['id']}"
        for each in everyone.json()["employees"]
        if each["organisation"] == "Finance"
    )
    ada = await person(demo, "ada", BOTH)
    for method in ("GET", "DELETE"):
        refused = await demo.http.request(method, theirs, headers=ada)
        absent = await demo.http.request(method, f"{EMPLOYEES}/999999", headers=ada)
        assert refused.status_code == absent.status_code == 404
        assert refused.content == absent.content


async def test_people_are_added_and_removed(demo: Stage) -> None:
    """Who may write sees the new one at the address that the answer names, until removed."""
    ada = await person(demo, "ada", BOTH)
    added = await demo.http.post(EMPLOYEES, json=SOMEBODY, headers=ada)
    assert added.status_code == 201
    assert added.json()["organisation"] == "Engineering"
    where = added.headers["location"]
    assert (await demo.http.get(where, headers=ada)).json() == added.json()
    assert (await demo.http.delete(where, headers=ada)).status_code == 204
    assert (await demo.http.get(where, headers=ada)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_reading_is_not_writing(demo: Stage, method: str) -> None:
    """A token for read alone is refused, and told which scope it needs."""
    path = EMPLOYEES if method == "POST" else f"{EMPLOYEES}/1"
    answer = await demo.http.request(method, path, headers=await service_account(demo))
    assert answer.status_code == 403
    assert 'scope="write"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("caller", "sent", "status"),
    [
        pytest.param(client_itself, SOMEBODY, 403, id="who belongs nowhere"),
        pytest.param(service_account, SOMEBODY, 422, id="several, none named"),
        pytest.param(
            service_account, SOMEBODY | {"organisation": "Sales"}, 201, id="several, one named"
        ),
        pytest.param(
            service_account, SOMEBODY | {"organisation": "Nowhere"}, 403, id="one that is not"
        ),
    ],
)
async def test_where_somebody_may_be_added(
    demo: Stage, caller: object, sent: dict[str, str], status: int
) -> None:
    """The caller's own organisations, and no others."""
    assert callable(caller)
    headers = await caller(demo, BOTH)
    answer = await demo.http.post(EMPLOYEES, json=sent, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("", 400, id="nothing"),
        pytest.param("{", 400, id="half"),
        pytest.param("[" * 10_000, 400, id="deep"),
        pytest.param(b"\xff", 400, id="not UTF-8"),
        pytest.param('{"name": "\\ud800", "title": "x"}', 400, id="half a character"),
        pytest.param(" " * 20_000, 413, id="too large"),
        pytest.param("[]", 422, id="a list"),
        pytest.param("null", 422, id="null"),
        pytest.param('{"name": "x"}', 422, id="a member missing"),
        pytest.param('{"name": 1, "title": "x"}', 422, id="a number"),
        pytest.param('{"name": "", "title": "x"}', 422, id="empty"),
        pytest.param('{"name": "  ", "title": "x"}', 422, id="blank"),
        pytest.param(json.dumps({"name": "x" * 101, "title": "x"}), 422, id="long"),
        pytest.param('{"name": "x", "title": "x", "id": 1}', 422, id="a member too many"),
    ],
)
async def test_a_bad_body_gets_a_clear_answer(demo: Stage, body: str | bytes, status: int) -> None:
    """It is refused with a fixed text, and nothing is added."""
    headers = await service_account(demo, BOTH)
    answer = await demo.http.post(EMPLOYEES, content=body, headers=headers)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize(
    "number", ["0", "abc", "-1", "1.5", "9" * 30, "9" * 5_000, "%D9%A1", "1%0a"]
)
async def test_an_odd_number_is_nobodys(demo: Stage, number: str) -> None:
    """Whatever stands in the place of a number, it is 404."""
    answer = await demo.http.get(f"{EMPLOYEES}/{number}", headers=await service_account(demo))
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/v1/me", "/v1/fastapi/me"])
async def test_an_expired_token_is_refused(demo: Stage, path: str) -> None:
    """By the clock of the issuer and of the guard alike, five minutes are the end."""
    headers = await service_account(demo)
    demo.clock.now += 299
    assert (await demo.http.get(path, headers=headers)).status_code == 200
    demo.clock.now += 10
    assert (await demo.http.get(path, headers=headers)).status_code == 401


async def test_the_slow_clock_gives_expired_tokens(demo: Stage) -> None:
    """They are of the same issuer and key, and refused for their age alone."""
    secret = {"client_id": "demo-service", "client_secret": "etl%:&é-rows"}
    asked = secret | {"grant_type": "client_credentials"}
    answer = await demo.http.post("/an-hour-ago/v1/auth/oauth2/token", data=asked)
    refused = await demo.http.get("/v1/me", headers=bearer(answer.json()["access_token"]))
    assert refused.status_code == 401
    assert refused.json()["reason"] == "expired"


@pytest.mark.parametrize("path", ["/", "/v1/auth/clients/new", "/v1/fastapi/docs"])
async def test_pages_bring_everything_along(demo: Stage, path: str) -> None:
    """What a page loads comes from the demo itself, so it works with no internet."""
    page = soup(await demo.http.get(path))
    loaded = [one[name] for name in ("src", "href") for one in page.select(f"[{name}]")]
    assert all(str(address).startswith("/") for address in loaded)
