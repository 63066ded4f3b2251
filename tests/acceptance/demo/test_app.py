"""The application in process: access by caller, and the response to every other request."""

import json

import pytest

from demo_api.roster import ROSTER
from tests.acceptance.demo.authorization_server.harness import ORIGIN, Harness, soup
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
        pytest.param("GET", "/v1/fastapi/docs/oauth2-redirect", 200, id="docs, redirect"),
        pytest.param("GET", "/v1/fastapi/docs/assets/swagger-ui.css", 200, id="docs, style"),
        pytest.param("GET", "/v1/fastapi/openapi.json", 200, id="openapi"),
        pytest.param("GET", "/nowhere", 404, id="unknown"),
        pytest.param("POST", "/health", 405, id="wrong method"),
        pytest.param("GET", "/v1/auth/oauth2/token", 405, id="wrong method, token endpoint"),
        pytest.param("GET", "/an-hour-ago/v1/auth/oauth2/authorize", 404, id="hour-ago, no pages"),
        pytest.param("GET", "/v1/me", 401, id="me"),
        pytest.param("GET", "/v1/fastapi/me", 401, id="me, FastAPI"),
        pytest.param("GET", EMPLOYEES, 401, id="employees"),
        pytest.param("POST", "/v1/fastapi/docs", 401, id="docs, not to be written"),
        pytest.param("GET", "/v1/nowhere", 401, id="unknown, guarded"),
        pytest.param("GET", "/v1/auth/nowhere", 401, id="unknown, beside the issuer"),
    ],
)
async def test_request_without_a_token_reaches_public_paths_only(
    demo: Harness, method: str, path: str, status: int
) -> None:
    """Pages, documents and the issuer are public; everything else under /v1 is 401."""
    response = await demo.http.request(method, path)
    assert response.status_code == status
    if status == 401:
        assert "resource_metadata" in response.headers["www-authenticate"]
    if status in {404, 405}:
        assert response.json()["detail"]
        assert ("allow" in response.headers) == (status == 405)


async def test_challenge_of_a_rejection_leads_to_metadata_with_issuer_and_scopes(
    demo: Harness,
) -> None:
    """A rejected client needs no other document."""
    refusal = await demo.http.get("/v1/me")
    challenge = refusal.headers.get_list("www-authenticate")[0]
    where = challenge.partition('resource_metadata="')[2].rstrip('"')
    document = (await demo.http.get(where)).json()
    assert document["resource"] == f"{ORIGIN}/v1"
    assert document["authorization_servers"] == [ORIGIN]
    assert document["scopes_supported"] == ["read", "write"]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/fastapi/me"])
async def test_me_returns_the_caller(demo: Harness, path: str) -> None:
    """Starlette and FastAPI return the same for the same caller."""
    assert (await demo.http.get(path, headers=await person(demo, "ada"))).json() == {
        "subject": "u-ada-5f1c7e90",
        "display_name": "Ada Lovelace",
        "client": "demo-web",
        "scopes": ["read"],
        "issuer": ORIGIN,
    }


async def test_caller_sees_the_employees_of_their_organisations_only(demo: Harness) -> None:
    """A person sees one organisation, the service account all, a client for itself none."""
    for headers, organisations in [
        (await person(demo, "ada"), {"Engineering"}),
        (await service_account(demo), set(ROSTER)),
        (await client_itself(demo), set()),
    ]:
        seen = (await demo.http.get(EMPLOYEES, headers=headers)).json()["employees"]
        assert {each["organisation"] for each in seen} == organisations


async def test_hidden_employee_is_indistinguishable_from_an_absent_one(demo: Harness) -> None:
    """GET and DELETE send the same 404 for both."""
    everyone = await demo.http.get(EMPLOYEES, headers=await service_account(demo))
    theirs = next(
        f"{EMPLOYEES}/{each['id']}"
        for each in everyone.json()["employees"]
        if each["organisation"] == "Finance"
    )
    ada = await person(demo, "ada", BOTH)
    for method in ("GET", "DELETE"):
        rejected = await demo.http.request(method, theirs, headers=ada)
        absent = await demo.http.request(method, f"{EMPLOYEES}/999999", headers=ada)
        assert rejected.status_code == absent.status_code == 404
        assert rejected.content == absent.content


async def test_caller_with_write_scope_adds_and_removes_an_employee(demo: Harness) -> None:
    """The Location of the response works until the removal."""
    ada = await person(demo, "ada", BOTH)
    added = await demo.http.post(EMPLOYEES, json=SOMEBODY, headers=ada)
    assert added.status_code == 201
    assert added.json()["organisation"] == "Engineering"
    where = added.headers["location"]
    assert (await demo.http.get(where, headers=ada)).json() == added.json()
    assert (await demo.http.delete(where, headers=ada)).status_code == 204
    assert (await demo.http.get(where, headers=ada)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_token_with_read_scope_is_rejected_for_writing(demo: Harness, method: str) -> None:
    """The challenge names the missing scope."""
    path = EMPLOYEES if method == "POST" else f"{EMPLOYEES}/1"
    response = await demo.http.request(method, path, headers=await person(demo, "ada"))
    assert response.status_code == 403
    assert 'scope="write"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("caller", "sent", "status"),
    [
        pytest.param(client_itself, SOMEBODY, 403, id="caller without an organisation"),
        pytest.param(service_account, SOMEBODY, 422, id="several, none named"),
        pytest.param(
            service_account, SOMEBODY | {"organisation": "Sales"}, 201, id="several, one named"
        ),
        pytest.param(
            service_account, SOMEBODY | {"organisation": "Nowhere"}, 403, id="unknown organisation"
        ),
    ],
)
async def test_employee_is_added_to_own_organisations_only(
    demo: Harness, caller: object, sent: dict[str, str], status: int
) -> None:
    """A caller of several organisations must name one."""
    assert callable(caller)
    headers = await caller(demo, BOTH)
    response = await demo.http.post(EMPLOYEES, json=sent, headers=headers)
    assert response.status_code == status


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
async def test_invalid_body_is_rejected_with_a_fixed_text(
    demo: Harness, body: str | bytes, status: int
) -> None:
    """Nothing is added."""
    headers = await service_account(demo, BOTH)
    response = await demo.http.post(EMPLOYEES, content=body, headers=headers)
    assert response.status_code == status
    assert list(response.json()) == ["detail"]


@pytest.mark.parametrize(
    "number", ["0", "abc", "-1", "1.5", "9" * 30, "9" * 5_000, "%D9%A1", "1%0a"]
)
async def test_invalid_employee_number_is_not_found(demo: Harness, number: str) -> None:
    """The status is 404 for every spelling."""
    response = await demo.http.get(f"{EMPLOYEES}/{number}", headers=await service_account(demo))
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/v1/me", "/v1/fastapi/me"])
async def test_expired_token_is_rejected(demo: Harness, path: str) -> None:
    """A token is accepted for five minutes."""
    headers = await service_account(demo)
    demo.clock.now += 299
    assert (await demo.http.get(path, headers=headers)).status_code == 200
    demo.clock.now += 10
    assert (await demo.http.get(path, headers=headers)).status_code == 401


async def test_token_of_the_hour_ago_endpoint_is_rejected_as_expired(demo: Harness) -> None:
    """Issuer and key are the real ones; only the age is wrong."""
    secret = {"client_id": "demo-service", "client_secret": "etl%:&é-rows"}
    form = secret | {"grant_type": "client_credentials"}
    response = await demo.http.post("/an-hour-ago/v1/auth/oauth2/token", data=form)
    rejected = await demo.http.get("/v1/me", headers=bearer(response.json()["access_token"]))
    assert rejected.status_code == 401
    assert rejected.json()["reason"] == "expired"


@pytest.mark.parametrize("path", ["/", "/v1/auth/clients/new", "/v1/fastapi/docs"])
async def test_page_loads_assets_from_its_own_origin_only(demo: Harness, path: str) -> None:
    """The pages work without internet access."""
    page = soup(await demo.http.get(path))
    loaded = [one["src"] for one in page.select("[src]")]
    loaded += [one["href"] for one in page.select("link[href]")]
    assert all(str(address).startswith("/") for address in loaded)


async def test_dimension_lists_its_members_that_the_caller_may_see(demo: Harness) -> None:
    """It has the path and the shape of one vendor's API; other dimensions are 404."""
    path = "/v1/data/model/analytic-objects/Employee/dimensions/{}/members"
    ada = await person(demo, "ada")
    found = await demo.http.get(path.format("Organisation"), headers=ada)
    assert [each["displayName"] for each in found.json()["members"]] == ["Engineering"]
    found = await demo.http.get(path.format("Gender"), headers=ada)
    assert found.json()["members"][0]["fullName"] == "Gender.Female"
    unknown = await demo.http.get(path.format("Shoes"), headers=ada)
    assert unknown.status_code == 404
    assert "Gender, Organisation" in unknown.json()["detail"]
    assert (await demo.http.get(path.format("Gender"))).status_code == 401
