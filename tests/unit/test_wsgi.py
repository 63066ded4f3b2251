"""RemoteUser: WSGI applications find the caller as REMOTE_USER, and no header field beside it."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from asgiref.wsgi import WsgiToAsgiInstance
from flask import Flask, jsonify, request
from starlette.testclient import TestClient

from oauth_guard import ConfigurationError, Guard, Identity, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import IDENTITY
from oauth_guard.protocol.identity import (
    ANONYMOUS,
    reset_current_identity,
    set_current_identity,
)
from oauth_guard.testing import as_identity
from oauth_guard.wsgi import RemoteUser, subject_of

ADA = Identity(issuer="https://login.test", subject="ada", client_id="c1")


def _environ(app: type[RemoteUser] | Any, **variables: Any) -> WSGIEnvironment:
    """Return the variables that the application behind *app* is called with."""
    seen: list[WSGIEnvironment] = []

    def record(environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        return []

    app(record)({"REQUEST_METHOD": "GET", **variables}, lambda *_: lambda _: None)
    return seen[0]


def _by_scope(identity: object) -> dict[str, Any]:
    return {"asgi.scope": {IDENTITY: identity}}


def test_caller_of_the_connection_is_the_remote_user() -> None:
    """Everything else is passed on."""
    environ = _environ(RemoteUser, HTTP_HOST="api.test", **_by_scope(ADA))
    assert environ["REMOTE_USER"] == "ada"
    assert environ["HTTP_HOST"] == "api.test"


@pytest.mark.parametrize(
    "variables",
    [{}, {"asgi.scope": None}, {"asgi.scope": {}}, _by_scope("ada"), {IDENTITY: ADA}],
    ids=["no connection", "None", "no guard", "no identity", "elsewhere"],
)
def test_request_without_a_guard_fails_even_if_the_context_has_a_caller(
    variables: dict[str, Any],
) -> None:
    """The context may be that of another request."""
    earlier = set_current_identity(ADA)
    try:
        with pytest.raises(ConfigurationError, match="with a2wsgi"):
            _environ(RemoteUser, **variables)
    finally:
        reset_current_identity(earlier)


@pytest.mark.parametrize(
    "identity",
    [
        ANONYMOUS,
        Identity(issuer="https://login.test", client_id="c1"),
        Identity(issuer="https://login.test", subject=""),
        Identity(issuer="https://login.test", subject="a\nb"),
        Identity(issuer="https://login.test", subject="a\x00"),
    ],
    ids=["anonymous", "no subject", "empty", "two lines", "control character"],
)
def test_caller_without_a_plain_name_is_no_remote_user(identity: object) -> None:
    """A value that was there before is removed."""
    assert "REMOTE_USER" not in _environ(RemoteUser, REMOTE_USER="root", **_by_scope(identity))


LOOK_ALIKES = [
    *("HTTP_REMOTE_USER", "HTTP_X_REMOTE_USER", "HTTP_REMOTE-USER", "HTTP_Remote_User"),
    *("HTTP_X_PROXY_REMOTE_USER", "HTTP_REMOTE_USER_NAME", "http_remote_user", "REMOTE_USER"),
]


@pytest.mark.parametrize("identity", [ADA, ANONYMOUS], ids=["caller", "anonymous"])
@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_header_fields_that_look_like_the_variable_are_removed(
    name: str, identity: Identity
) -> None:
    """However the adapter spells them."""
    environ = _environ(RemoteUser, **{name: "root"}, **_by_scope(identity))
    assert "root" not in environ.values()


def test_further_fields_are_removed_by_name() -> None:
    """And no others."""

    def app(site: WSGIApplication) -> RemoteUser:
        return RemoteUser(site, hidden=["X-Forwarded-User"])

    environ = _environ(
        app, HTTP_X_FORWARDED_USER="root", HTTP_X_FORWARDED_FOR="::1", **_by_scope(ADA)
    )
    assert "HTTP_X_FORWARDED_USER" not in environ
    assert environ["HTTP_X_FORWARDED_FOR"] == "::1"
    assert (
        _environ(RemoteUser, HTTP_X_FORWARDED_USER="u", **_by_scope(ADA))["HTTP_X_FORWARDED_USER"]
        == "u"
    )


def test_name_is_chosen_and_encoded_as_bytes() -> None:
    """PEP 3333: each character stands for one byte."""

    def app(site: WSGIApplication) -> RemoteUser:
        return RemoteUser(site, name=lambda caller: f"{caller.subject} é漢")

    environ = _environ(app, **_by_scope(ADA))
    assert environ["REMOTE_USER"].encode("latin-1").decode() == "ada é漢"
    assert "REMOTE_USER" not in _environ(app, **_by_scope(ANONYMOUS))
    assert subject_of(ADA) == "ada"


class _WithConnection(WsgiToAsgiInstance):
    """The adapter of asgiref, which passes the ASGI connection on as a2wsgi does."""

    def build_environ(self, scope: Any, body: Any) -> WSGIEnvironment:
        environ: WSGIEnvironment = super().build_environ(scope, body)  # type: ignore[no-untyped-call]
        return {**environ, "asgi.scope": scope}


def _site() -> Any:
    site = Flask("site")

    @site.get("/who")
    def who() -> Any:
        return jsonify([request.remote_user, request.headers.get("Remote-User")])

    guard = Guard("https://api.test", [JWTIssuer("https://login.test")])
    named = RemoteUser(site)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        adapter = _WithConnection(named)  # type: ignore[no-untyped-call] # asgiref has no types
        await adapter(scope, receive, send)

    return OAuthGuardMiddleware(app, guard, required=False)


@pytest.mark.parametrize("field", ["Remote-User", "Remote_User", "REMOTE-USER", "X-Remote-User"])
def test_flask_sees_the_caller_of_the_token_and_no_field_of_the_client(field: str) -> None:
    """In the thread of an adapter."""
    app = _site()
    headers = {field: "root"}
    acting = TestClient(as_identity(app, subject="ada"))
    assert acting.get("/who", headers=headers).json() == ["ada", None]
    assert TestClient(app).get("/who", headers=headers).json() == [None, None]
