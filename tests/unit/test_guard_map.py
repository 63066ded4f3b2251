"""GuardMap: the longest prefix decides, and a wrong one fails when it is given."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard
from oauth_guard.guard_map import GuardMap
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
