"""The demo's protection report: its API is guarded, the rest is declared public."""

from demo_api.app import create_app
from demo_api.database import open_database
from oauth_guard.routes import protection_report

# The pages, the documents, and the authorization server, which no guard is around.
PUBLIC = [
    *("/", "/health", "/.well-known/*"),
    *("/v1/auth/*", "POST /v1/auth/*", "OPTIONS /v1/auth/*"),
    *("POST /an-hour-ago/*", "OPTIONS /an-hour-ago/*"),
    *("POST /another-resource/*", "OPTIONS /another-resource/*"),
]


def test_every_route_of_the_demo_is_guarded_or_declared_public() -> None:
    """Its API, which is the default of a router, is found."""
    engine = open_database()
    report = protection_report(create_app("http://127.0.0.1:8000", engine), public=PUBLIC)
    engine.dispose()
    protections = {each.path: each.protection for each in report}
    assert [path for path, found in protections.items() if found == "unguarded"] == []
    guarded = {path for path, found in protections.items() if found == "guarded"}
    assert guarded >= {"/v1/me", "/v1/data/employees", "/v1/data/live", "/v1/fastapi/me"}
    assert protections["/v1/fastapi/docs"] == "public"
