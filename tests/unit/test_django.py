"""OAuthMiddleware and requires() for Django: the caller of a view, and what it requires."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from starlette.testclient import TestClient

from oauth_guard import ConfigurationError, Identity
from oauth_guard.asgi import IDENTITY
from oauth_guard.django import OAuthMiddleware, caller_of, requires
from oauth_guard.testing import as_identity, challenge, insufficient_scope, missing_token
from tests.unit.django_site import Orders, django_app, orders


@pytest.mark.parametrize("path", ["/orders", "/orders/7", "/class"])
def test_django_view_admits_only_callers_who_satisfy_the_requirement(path: str) -> None:
    """Asynchronous, in a thread, and as a method of a class."""
    app = django_app()
    assert challenge(TestClient(app).get(path)) == missing_token()
    rejected = TestClient(as_identity(app)).get(path)
    assert challenge(rejected) == insufficient_scope("orders:read")
    assert rejected.headers["content-type"] == "application/json"
    assert rejected.json()["error"] == "insufficient_scope"
    served = TestClient(as_identity(app, scopes=["orders:read"])).get(path)
    assert served.json() == {"/orders": ["u1", "u1"], "/orders/7": ["u1", 7], "/class": "u1"}[path]


def test_django_view_introspects_from_a_thread() -> None:
    """On the event loop of the server, to which the client of the issuer belongs."""
    assert TestClient(as_identity(django_app())).get("/now").json() == "u1"


def test_django_view_requires_a_token_where_the_middleware_requires_none() -> None:
    """The challenge names the scope."""
    client = TestClient(django_app(required=False))
    assert challenge(client.get("/orders")) == missing_token("orders:read")
    assert challenge(client.get("/class")) == missing_token("orders:read")


def test_django_user_is_the_caller_of_the_token() -> None:
    """It is anonymous on a public path, even if a token is sent."""
    app = django_app(public=["/health"])
    assert TestClient(as_identity(django_app())).get("/health").json() is True
    assert TestClient(as_identity(app)).get("/health").json() is False


def test_django_middleware_replaces_a_user_of_a_session() -> None:
    """A cookie does not decide who calls a guarded path, nor a path without a guard."""
    request, caller = HttpRequest(), Identity(issuer="https://login.test", subject="u1")
    request.user, request.scope = "the user of a session", {IDENTITY: caller}
    assert OAuthMiddleware(lambda served: served.user)(request) is caller
    request.scope = {}
    with pytest.raises(ConfigurationError, match="finds no guard"):
        OAuthMiddleware(lambda served: served.user)(request)


@pytest.mark.parametrize("view", [orders, Orders().get])
async def test_django_view_without_a_guard_fails(view: object) -> None:
    """A request that came by WSGI has no connection; the view is not open."""
    assert callable(view)
    with pytest.raises(ConfigurationError, match="finds no guard"):
        await _awaited(view(RequestFactory().get("/orders")))


async def _awaited(result: object) -> None:
    if hasattr(result, "__await__"):
        await result


def test_django_caller_of_a_connection_without_a_guard_is_an_error() -> None:
    """Not an anonymous caller."""
    request = HttpRequest()
    request.scope = {"type": "http"}
    with pytest.raises(ConfigurationError, match=r"OAuthGuardMiddleware\(get_asgi_application"):
        caller_of(request)


def test_django_decorator_of_a_class_says_what_to_write() -> None:
    """As view functions of classes are made later, by as_view()."""
    with pytest.raises(ConfigurationError, match="method_decorator"):
        requires("orders:read")(Orders)
    with pytest.raises(ConfigurationError, match="method_decorator"):
        requires("orders:read")(None)  # type: ignore[arg-type]
