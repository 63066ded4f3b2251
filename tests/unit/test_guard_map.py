"""GuardMap: the longest prefix decides, and a wrong one fails when it is given."""

from typing import Any

import pytest

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
)
from oauth_guard.guard_map import GuardMap
from oauth_guard.issuers import presets
from tests.acceptance.standards.api import RESOURCE, Api


def guard(resource: str = RESOURCE, **options: Any) -> Guard:
    """Return a guard of *resource*."""
    return Guard(resource, [Api().jwt_issuer()], **options)


@pytest.mark.parametrize(
    ("guards", "advice"),
    [
        ({}, r'guard= must name a guard for "/"'),
        ({"/a": None}, r'guard= must name a guard for "/"'),
        ({"/": None, "a": None}, r"""guard= takes .* like "/a" .*, not 'a'"""),
        ({"/": None, "/a/": None}, r"""not '/a/'"""),
        ({"/": None, "/a/*": None}, r"""not '/a/\*'"""),
        ({"/": None, "/a%20b": None}, r"""not '/a%20b'"""),
        ({"/": None, "/a?b": None}, r"""not '/a\?b'"""),
        ({"/": None, "//a": None}, r"""not '//a'"""),
        ({"/": None, "/a/../b": None}, r"""not '/a/\.\./b'"""),
        ({"/": None, "/a\\b": None}, r"not '/a"),
        ({"/": None, "/a;b": None}, r"""not '/a;b'"""),
        ({"/": None, "/{id}": None}, r"""not '/\{id\}'"""),
        ({"/": None, "/<id>": None}, r"""not '/<id>'"""),
        ({"/": None, 5: None}, r"not 5"),
        ({"/": None, "/a": None, "/A": None}, r"""'/a' and '/A', .* upper and lower case"""),
        (None, r"guard= is a Guard, .* OAuthGuardMiddleware\(app, guard\)"),
    ],
)
def test_wrong_setting_raises_an_error_that_says_what_to_write(guards: Any, advice: str) -> None:
    """When the object is built, not on a request."""
    with pytest.raises(ConfigurationError, match=advice):
        GuardMap(guards)


@pytest.mark.parametrize(
    ("path", "realm"),
    [
        pytest.param("/", "top", id="the root"),
        pytest.param("/a", "a", id="the prefix itself"),
        pytest.param("/a/c", "a", id="below it"),
        pytest.param("/ab", "top", id="half a segment"),
        pytest.param("/a/b/c", "b", id="the longest"),
        pytest.param("/A/b", "b", id="the longest but for its case"),
        pytest.param("*", "top", id="no path at all"),
    ],
)
def test_guard_of_the_longest_prefix_is_used(path: str, realm: str) -> None:
    """By whole segments, in any order of configuration."""
    guards = {
        prefix: guard(f"https://api.example.com/{name}")
        for prefix, name in (("/", "top"), ("/a", "a"), ("/a/b", "b"))
    }
    assert GuardMap(guards).at(path).resource == f"https://api.example.com/{realm}"
    assert GuardMap(guards).only is None


@pytest.mark.parametrize("path", ["/KIT/x", "/k\u0131t", "/k\u0130t", "/\u212ait"], ids=ascii)
def test_guard_of_a_prefix_is_used_in_any_case(path: str) -> None:
    """Also for letters outside ASCII that a regular expression without case matches."""
    guards = {"/": guard("https://api.example.com/top"), "/kit": guard("https://api.example.com")}
    assert GuardMap(guards).at(path) is guards["/kit"]


def test_single_guard_is_used_for_all_paths() -> None:
    """No path has to be read."""
    one = guard()
    guards = GuardMap(one)
    assert guards.only is one is guards.at("/any")
    assert list(guards) == [one]


@pytest.mark.parametrize("metadata", [True, False])
def test_two_different_metadata_documents_at_one_path_are_rejected(metadata: bool) -> None:
    """Unless one guard has none, or both documents are equal."""
    stranger = guard("https://other.example.com")
    with pytest.raises(ConfigurationError, match=r"or one of them metadata=False"):
        GuardMap({"/": guard(), "/a": stranger})
    documents = GuardMap({"/": guard(), "/a": guard(metadata=metadata)}).documents
    assert list(documents) == ["/.well-known/oauth-protected-resource"]


A, B = "https://api.example.com/a", "https://api.example.com/b"
SHARED = "https://api.example.com"


def _jwt(**settings: Any) -> JWTIssuer:
    return JWTIssuer("https://as.example.com", **settings)


def _introspection(client: str = "api", **settings: Any) -> IntrospectionIssuer:
    return IntrospectionIssuer(
        "https://as.example.com", client=ClientSecretBasic(client, "secret"), **settings
    )


def _map(first: Any, second: Any) -> GuardMap:
    return GuardMap({"/a": Guard(A, [first]), "/": Guard(B, [second])})


_ONE_JWT = _jwt(audience=SHARED)
_ONE_INTROSPECTION = _introspection(without_audience="single resource")
_NO_AUDIENCE = _jwt(without_audience="single resource")
_ONE_POOL = presets.cognito("eu-west-1_a1B2", client_ids=["c1"])


@pytest.mark.conformance("ASGI-17")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(_ONE_JWT, _ONE_JWT, id="one issuer"),
        pytest.param(_jwt(audience=SHARED), _jwt(audience=SHARED), id="two alike"),
        pytest.param(_jwt(audience=[A, SHARED]), _jwt(audience=[SHARED, B]), id="one in common"),
        pytest.param(_jwt(audience=B), _jwt(), id="the resource of the other"),
        pytest.param(_jwt(), _introspection(audience=A), id="a JWT and an introspected token"),
        pytest.param(_ONE_INTROSPECTION, _ONE_INTROSPECTION, id="no audience"),
        pytest.param(
            _introspection(without_audience="issuer checks"),
            _introspection(without_audience="issuer checks"),
            id="no audience, and one client for both",
        ),
        pytest.param(_NO_AUDIENCE, _NO_AUDIENCE, id="JWTs without an audience"),
        pytest.param(_ONE_POOL, _ONE_POOL, id="no audience, and clients in common"),
        pytest.param(
            presets.entra_any_tenant(audience=SHARED),
            presets.entra_any_tenant(audience=SHARED),
            id="any tenant",
        ),
    ],
)
def test_guards_that_accept_each_others_tokens_are_rejected(first: Any, second: Any) -> None:
    """A token for one resource would open the other."""
    with pytest.raises(ConfigurationError, match=rf"{A} and {B} accept each other's tokens"):
        _map(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(_jwt(), _jwt(), id="the resources"),
        pytest.param(_jwt(audience="a"), _jwt(audience="b"), id="audiences of their own"),
        pytest.param(
            _jwt(audience="a"),
            JWTIssuer("https://other.example.com", audience="a"),
            id="two issuers",
        ),
        pytest.param(
            _introspection("a", without_audience="issuer checks"),
            _introspection("b", without_audience="issuer checks"),
            id="no audience, and a client for each",
        ),
        pytest.param(
            presets.cognito("eu-west-1_a1B2", client_ids=["c1"]),
            presets.cognito("eu-west-1_a1B2", client_ids=["c2"]),
            id="no audience, and clients for each",
        ),
        pytest.param(
            presets.entra_any_tenant(audience="a"),
            presets.entra_any_tenant(audience="b"),
            id="any tenant",
        ),
    ],
)
def test_guards_that_accept_tokens_of_their_own_are_accepted(first: Any, second: Any) -> None:
    """Also if they share an issuer."""
    assert _map(first, second).only is None


def test_two_guards_of_one_resource_may_share_an_audience() -> None:
    """A token for the resource is meant for both."""
    guards = {"/a": Guard(A, [_ONE_JWT]), "/": Guard(A, [_ONE_JWT])}
    assert GuardMap(guards).only is None
