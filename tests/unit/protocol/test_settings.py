"""checked_settings: each public setting is checked by name and type, and the error has advice."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, Protocol, TypedDict, Unpack

import pytest

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    MemoryStore,
    OAuthGuardMiddleware,
    PrivateKeyJWT,
    Requirement,
)
from oauth_guard import fastapi as for_fastapi
from oauth_guard import starlette as for_starlette
from oauth_guard.http.aiohttp_client import AiohttpClient
from oauth_guard.issuers import presets
from oauth_guard.issuers.client_auth import BearerToken, ClientSecretPost, MutualTLS
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.settings import checked_settings, chosen, in_seconds
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.sealed import SealedStore

ISSUER, RESOURCE = "https://login.example.com", "https://api.example.com"
JWT = JWTIssuer(ISSUER)
GUARD = Guard(RESOURCE, [JWT])
CLIENT = ClientSecretBasic("api", "secret")


def middleware(**settings: Any) -> OAuthGuardMiddleware:
    """Return middleware with *settings*."""
    return OAuthGuardMiddleware(lambda *_: None, GUARD, **settings)  # type: ignore[arg-type]


# Each public callable that takes settings, and one of its settings with a letter too many.
PUBLIC: Mapping[str, tuple[Callable[..., Any], str]] = {
    "Guard": (lambda **s: Guard(RESOURCE, [JWT], **s), "realm"),
    "OAuthGuardMiddleware": (middleware, "public"),
    "JWTIssuer": (lambda **s: JWTIssuer(ISSUER, **s), "jwks_uri"),
    "JWTIssuer's claims": (lambda **s: JWTIssuer(ISSUER, **s), "audience"),
    "IntrospectionIssuer": (
        lambda **s: IntrospectionIssuer(ISSUER, **s),
        "token_type_hint",
    ),
    "IntrospectionIssuer's claims": (
        lambda **s: IntrospectionIssuer(ISSUER, client=CLIENT, **s),
        "required_claims",
    ),
    "entra": (lambda **s: presets.entra("t", **s), "version"),
    "entra_any_tenant": (presets.entra_any_tenant, "audience"),
    "keycloak": (lambda **s: presets.keycloak("https://sso.test/realms/a", **s), "roles_of"),
    "auth0": (lambda **s: presets.auth0("acme.auth0.com", **s), "audience"),
    "okta": (lambda **s: presets.okta("https://acme.okta.com/oauth2/default", **s), "leeway"),
    "cognito": (lambda **s: presets.cognito("eu-west-1_a1B2c3D4e", **s), "client_ids"),
    "google": (presets.google, "clients"),
    "ClientSecretBasic": (lambda **s: ClientSecretBasic("api", **s), "secret"),
    "ClientSecretPost": (lambda **s: ClientSecretPost("api", **s), "secret"),
    "PrivateKeyJWT": (lambda **s: PrivateKeyJWT("api", "pem", **s), "algorithm"),
    "MutualTLS": (MutualTLS, "client_id"),
    "BearerToken": (lambda **s: BearerToken("api", **s), "token"),
    "JWKSCache": (JWKSCache, "max_age"),
    "Tenants": (Tenants, "resolve"),
    "MemoryStore": (MemoryStore, "max_entries"),
    "RedisStore": (lambda **s: RedisStore("redis://localhost", **s), "prefix"),
    "SealedStore": (lambda **s: SealedStore(MemoryStore(), **s), "key"),
    "AiohttpClient": (AiohttpClient, "connections"),
    "Requirement": (Requirement, "scopes"),
    "Requirement.of": (Requirement.of, "users_only"),
    "starlette.requires": (for_starlette.requires, "roles"),
    "fastapi.requires": (for_fastapi.requires, "groups"),
    "fastapi.document": (for_fastapi.document, "token_url"),
    "ClaimRules": (lambda **s: ClaimRules.of(ISSUER, **s), "types"),
}


@pytest.mark.conformance("ASGI-16")
@pytest.mark.parametrize(("build", "setting"), PUBLIC.values(), ids=PUBLIC)
def test_mistyped_setting_is_rejected_with_its_nearest_neighbour(
    build: Callable[..., Any], setting: str
) -> None:
    """By the class or function that it was written for."""
    for mistyped in (f"{setting}s", setting[:-1], setting[0] + setting[2:]):
        with pytest.raises(ConfigurationError, match=rf"{mistyped}= is .* Did you mean {setting}="):
            build(**{mistyped: "x"})


@pytest.mark.parametrize(("build", "setting"), PUBLIC.values(), ids=PUBLIC)
def test_setting_unlike_any_other_is_rejected_with_those_that_exist(
    build: Callable[..., Any], setting: str
) -> None:
    """There is no neighbour to name."""
    with pytest.raises(ConfigurationError, match=rf"qqqqqq= is no .*\. There are .*{setting}"):
        build(qqqqqq=1)


@pytest.mark.parametrize(
    ("build", "advice"),
    [
        (lambda: Guard(RESOURCE), "missing a required argument: 'issuers'"),  # type: ignore[call-arg]
        (lambda: Guard(RESOURCE, [JWT], "api"), "too many positional arguments"),  # type: ignore[call-arg]
        (lambda: OAuthGuardMiddleware(middleware), "missing a required argument: 'guard'"),  # type: ignore[arg-type,call-arg]
        (lambda: IntrospectionIssuer(ISSUER), "missing a required argument: 'client'"),  # type: ignore[call-arg]
        (JWTIssuer, "missing a required argument: 'issuer'"),
        (lambda: ClientSecretBasic("api"), "missing a required argument: 'secret'"),  # type: ignore[call-arg]
        (lambda: presets.cognito("eu-west-1_a"), "missing a required argument: 'client_ids'"),  # type: ignore[call-arg]
        (lambda: JWTIssuer(ISSUER, issuer=ISSUER), "multiple values for argument 'issuer'"),  # type: ignore[misc]
    ],
)
def test_wrong_number_of_arguments_is_a_configuration_error(
    build: Callable[[], Any], advice: str
) -> None:
    """As every other mistake."""
    python_3_12 = advice.replace("a required argument", "a required (keyword-only )?argument")
    with pytest.raises(ConfigurationError, match=python_3_12):
        build()


WRONG: list[Any] = [
    ("a truth value", lambda **s: Guard(RESOURCE, [JWT], **s), {"require_https": "no"}, "True or"),
    ("a truth value", lambda **s: Guard(RESOURCE, [JWT], **s), {"metadata": None}, "is None"),
    ("a truth value", lambda **s: Guard(RESOURCE, [JWT], **s), {"insecure_http": 1}, "an int"),
    ("a truth value", middleware, {"required": "false"}, "True or False, not a str"),
    ("a truth value", Requirement.of, {"users_only": "yes"}, "True or False"),
    ("a truth value", for_starlette.requires, {"introspect": "no"}, "True or False"),
    ("a truth value", lambda **s: JWTIssuer(ISSUER, **s), {"single_audience": 0}, "True or False"),
    ("a number", lambda **s: JWTIssuer(ISSUER, **s), {"leeway": "5"}, "a number, not a str"),
    ("a number", lambda **s: JWTIssuer(ISSUER, **s), {"leeway": True}, "a number, not a bool"),
    ("a number", JWKSCache, {"max_age": "600"}, "a number"),
    ("a number", Tenants, {"resolve": len, "deadline": None}, "is None"),
    ("a whole number", MemoryStore, {"max_entries": "10"}, "a whole number"),
    ("a whole number", AiohttpClient, {"connections": 1.5}, "a whole number, not a float"),
    ("a string", lambda **s: Guard(RESOURCE, [JWT], **s), {"realm": 5}, "a string, not an int"),
    ("a string", lambda **s: ClientSecretPost("api", **s), {"secret": 5}, "a string"),
    ("bytes", lambda **s: JWTIssuer(ISSUER, **s), {"secret": "x" * 32}, r"secret=text\.encode"),
    ("a string", presets.auth0, {"domain": None}, "a variable of the environment unset"),
    ("a string", presets.keycloak, {"realm_url": None}, "a variable of the environment unset"),
    ("a string", lambda **s: presets.entra(**s, audience="a"), {"tenant": 5}, "a string"),
    ("a function", lambda **s: Guard(RESOURCE, [JWT], **s), {"clock": 5}, "a function"),
    ("a function", Tenants, {"resolve": "x"}, "a function, not a str"),
    ("a list", lambda **s: Guard(RESOURCE, [JWT], **s), {"scopes_supported": "a b"}, r'\["a b"\]'),
    ("a list", middleware, {"public": "/health"}, r'public= takes a list: public=\["/health"\]'),
    ("a list", middleware, {"public": 5}, "a list"),
    ("a list", middleware, {"cors": [5]}, "a list of strings"),
    ("a list", Requirement.of, {"roles": "ops"}, r'roles=\["ops"\]'),
    ("a list", Requirement.of, {"roles": [5]}, "a list of strings"),
    ("a list", Requirement.of, {"groups": b"ops"}, "a list of strings, not a bytes"),
    ("a list", lambda **s: JWTIssuer(ISSUER, **s), {"types": [5]}, "a list of strings"),
    ("a list", lambda **s: JWTIssuer(ISSUER, **s), {"clients": "c1"}, r'clients=\["c1"\]'),
    ("a list", lambda **s: JWTIssuer(ISSUER, **s), {"role_claims": [["a"]]}, "a list of strings"),
    ("a dictionary", for_fastapi.document, {"scopes": ["read"]}, "a Mapping"),
    ("a set", Requirement, {"roles": ["ops"]}, "a frozenset, not a list"),
    ("an expression", Requirement, {"scopes": "read"}, "a ScopeExpression"),
]


@pytest.mark.parametrize(
    ("build", "settings", "advice"),
    [pytest.param(*row, id=f"{kind}: {', '.join(row[1])}") for kind, *row in WRONG],
)
def test_setting_of_a_wrong_type_is_rejected(
    build: Callable[..., Any], settings: Mapping[str, Any], advice: str
) -> None:
    """When it is written, not on a request, and never in silence."""
    complete: dict[str, Any] = {}
    if build is for_fastapi.document:
        complete = {"app": None, "authorization_url": "a", "token_url": "b"}
    with pytest.raises(ConfigurationError, match=advice):
        build(**complete, **settings)


def test_error_does_not_contain_a_secret() -> None:
    """A secret of the wrong type is still one."""
    with pytest.raises(ConfigurationError) as caught:
        ClientSecretPost("api", b"s3cret")  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


class _Own(Protocol):
    def act(self) -> None: ...


class _Rest(TypedDict, total=False):
    times: Iterable[float]


@checked_settings
def _function(
    name: str = "",
    *,
    kind: Literal["a", "b"] = "a",
    seconds: float | timedelta = 0,
    own: _Own | None = None,
    unknown: Any = None,
    pair: tuple[str, ...] = (),
    text: str | None = None,
    **rest: Unpack[_Rest],
) -> tuple[Any, ...]:
    return name, kind, seconds, own, unknown, pair, text, rest


def test_settings_reach_the_function_as_they_are() -> None:
    """Except a `timedelta` for seconds, and an iterator, which is read once."""
    own = object()
    assert _function("n", kind="b", own=own, unknown=5, pair=("a",), text=None) == (  # type: ignore[arg-type]
        *("n", "b", 0, own, 5, ("a",), None),
        {},
    )
    assert _function(seconds=timedelta(minutes=1))[2] == 60
    assert _function(times=iter([1, 2]))[-1] == {"times": (1, 2)}
    assert _function(seconds=2)[2] == 2


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"kind": "c"}, "takes 'a' or 'b', not a str"),
        ({"pair": ["a"]}, "takes a tuple, not a list"),
        ({"times": ["1"]}, "takes a list, not one with a str in it"),
        ({"times": {1: 2}}, "takes a list, not a dict"),
        ({"text": 5}, "takes a string, not an int"),
    ],
)
def test_description_of_a_type_is_readable(settings: Mapping[str, Any], advice: str) -> None:
    """The operator sees it."""
    with pytest.raises(ConfigurationError, match=advice):
        _function(**settings)


def test_seconds_may_be_a_timedelta() -> None:
    """For every setting that is a time."""
    assert in_seconds(timedelta(minutes=1)) == in_seconds(60) == 60
    assert ClaimRules.of(ISSUER, leeway=timedelta(seconds=7)).leeway == 7
    day: Any = timedelta(days=1)
    assert JWKSCache(max_age=day).max_age == 86400
    issuer = IntrospectionIssuer(ISSUER, client=CLIENT, cache_for=day, inactive_for=timedelta(0))
    assert (issuer.cache.cache_for, issuer.cache.inactive_for) == (86400, 0)
    with pytest.raises(ConfigurationError, match="from 0 to 300"):
        JWTIssuer(ISSUER, leeway=day)


class _Parent(TypedDict, total=False):
    a: int


class _Inherited(_Parent, total=False):
    b: int


def test_chosen_settings_are_those_that_the_dictionary_names() -> None:
    """Also those that it inherits."""
    assert chosen(_Inherited, {"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 2}


def test_dictionary_of_scopes_with_descriptions_is_a_list_of_scopes() -> None:
    """An application has one for OpenAPI; elsewhere the values would be ignored in silence."""
    guard = Guard(RESOURCE, [JWT], scopes_supported={"read": "See orders"})
    assert b'"scopes_supported":["read"]' in guard.metadata_document.replace(b" ", b"")
    with pytest.raises(ConfigurationError, match="takes a list of strings, not a dict"):
        middleware(public={"/health": True})
