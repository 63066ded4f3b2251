"""OAuthAuthentication and requires() for Django REST framework: who calls, and what they may."""

import pytest
from django.test import RequestFactory
from starlette.testclient import TestClient

from oauth_guard import ConfigurationError
from oauth_guard.testing import as_identity, challenge, insufficient_scope, missing_token
from tests.unit.django_site import RestAccount, django_app


def test_rest_view_admits_only_callers_who_satisfy_the_requirement() -> None:
    """A rejection has all header fields of the middleware's own ones."""
    app = django_app()
    assert challenge(TestClient(app).get("/rest/orders")) == missing_token()
    rejected = TestClient(as_identity(app)).get("/rest/orders")
    assert challenge(rejected) == insufficient_scope("orders:read")
    assert rejected.headers["cache-control"] == "no-store"
    lacking = TestClient(as_identity(app, scopes=["orders:read"])).get("/rest/orders")
    assert challenge(lacking) == insufficient_scope()
    satisfied = as_identity(app, scopes=["orders:read"], roles=["staff"])
    assert TestClient(satisfied).get("/rest/orders").json() == ["u1", "u1"]


def test_rest_view_challenges_a_caller_without_a_token() -> None:
    """Where the middleware requires none: by a permission of DRF's, and by one of ours."""
    client = TestClient(django_app(required=False))
    assert challenge(client.get("/rest/account")) == missing_token()
    assert challenge(client.get("/rest/orders")) == missing_token("orders:read")
    assert TestClient(as_identity(django_app())).get("/rest/account").json() == "u1"


def test_rest_challenge_for_a_caller_with_a_token_names_the_scheme() -> None:
    """Something that the view authenticates by itself has failed, and not the token."""
    response = TestClient(as_identity(django_app())).get("/rest/partner")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


def test_rest_view_without_a_guard_fails() -> None:
    """The view is not open."""
    with pytest.raises(ConfigurationError, match="finds no guard"):
        RestAccount.as_view()(RequestFactory().get("/rest/account"))
