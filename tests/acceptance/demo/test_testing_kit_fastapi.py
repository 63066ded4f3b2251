"""FastAPI's dependency_overrides replaces each requirement that the demo has."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from demo_api import with_fastapi
from demo_api.app import create_app
from demo_api.database import open_database
from demo_api.people import Member, People
from demo_api.people_api import RECENT_SECONDS
from oauth_guard import Guard, Identity, OAuthGuardMiddleware
from oauth_guard.fastapi import requires
from oauth_guard.testing import as_identity, challenge, insufficient_scope
from oauth_guard.testing.identities import guards_of

ORIGIN = "http://127.0.0.1:8000"
ADA = Identity(issuer=ORIGIN, subject="u7")
REQUIREMENTS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "read": (("read",), {}),
    "write after a recent sign-in": (("write",), {"max_age": RECENT_SECONDS}),
    "read with a bound token": (("read",), {"binding": "dpop"}),
}


@pytest.fixture
def people() -> Iterator[People]:
    """Return the data of the demo, with one member."""
    engine = open_database()
    people = People(engine)
    people.seed([Member(issuer=ORIGIN, subject="u7", display_name="Ada Lovelace")])
    yield people
    engine.dispose()


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Return the guard of the demo's API."""
    engine = open_database()
    guards = guards_of(create_app(ORIGIN, engine))
    yield next(each for each in guards if each.resource == f"{ORIGIN}/v1")
    engine.dispose()


def test_fastapi_application_of_the_demo_serves_the_identity_of_a_test(people: People) -> None:
    """Without its guard: no token is sent."""
    app = with_fastapi.create(ORIGIN, people)
    app.dependency_overrides[requires().dependency] = lambda: ADA
    me = TestClient(app).get("/me").json()
    assert (me["subject"], me["display_name"]) == ("u7", "Ada Lovelace")


@pytest.mark.parametrize(("scopes", "settings"), REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_requirement_is_replaced_behind_the_guard_of_the_demo(
    scopes: tuple[str, ...], settings: dict[str, Any], guard: Guard
) -> None:
    """An equal requirement is the key: a route with another one is not affected."""
    app = FastAPI()

    @app.get("/v1/replaced")
    def replaced(caller: Annotated[Identity, requires(*scopes, **settings)]) -> str | None:
        return caller.subject

    @app.get("/v1/other")
    def other(caller: Annotated[Identity, requires("write")]) -> str | None:
        return caller.subject

    client = TestClient(as_identity(OAuthGuardMiddleware(app, guard)), base_url=ORIGIN)
    assert client.get("/v1/replaced").status_code in {401, 403}
    app.dependency_overrides[requires(*scopes, **settings).dependency] = lambda: ADA
    assert client.get("/v1/replaced").json() == "u7"
    assert challenge(client.get("/v1/other")) == insufficient_scope("write")
