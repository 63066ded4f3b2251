"""Paths are read as the application's router reads them; an ambiguous path is not public."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette._utils import get_route_path

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.paths import (
    PublicPaths,
    fold_case,
    is_ambiguous,
    is_under,
    path_readings,
    route_path,
)
from tests.unit.protocol.properties import BOUNDED


@pytest.mark.parametrize(
    ("path", "root_path", "read"),
    [
        pytest.param("/a", "", "/a", id="no root"),
        pytest.param("/api/a", "/api", "/a", id="below the root"),
        pytest.param("/api/", "/api", "/", id="a slash below the root"),
        pytest.param("/api", "/api", "", id="the root itself"),
        pytest.param("/apia", "/api", "/apia", id="half a segment"),
        pytest.param("/b", "/api", "/b", id="elsewhere"),
        pytest.param("/a", "/", "/a", id="a root that is a slash"),
        pytest.param("/api/a", "/api/", "/api/a", id="a root with a slash behind"),
        pytest.param("*", "/", "*", id="no path"),
    ],
)
def test_root_path_is_removed_by_whole_segments(path: str, root_path: str, read: str) -> None:
    """A prefix of a segment is no prefix."""
    assert route_path(path, root_path) == read


_PATHS = st.text(alphabet="/ab.%", max_size=6)


@BOUNDED
@given(path=_PATHS, root_path=_PATHS)
def test_route_path_equals_that_of_starlette(path: str, root_path: str) -> None:
    """Guard and router read one path."""
    connection = {"path": path, "root_path": root_path}
    assert route_path(path, root_path) == get_route_path(connection)


@pytest.mark.parametrize(
    ("path", "prefix", "under"),
    [
        pytest.param("/a", "/a", True, id="itself"),
        pytest.param("/a/b", "/a", True, id="below"),
        pytest.param("/a/", "/a", True, id="a slash below"),
        pytest.param("/a/b", "/a/", True, id="below a slash"),
        pytest.param("/a", "/a/", True, id="itself without its slash"),
        pytest.param("/ab", "/a", False, id="half a segment"),
        pytest.param("/", "/a", False, id="above"),
        pytest.param("/A", "/a", False, id="another case"),
        pytest.param("/", "/", True, id="the root"),
        pytest.param("/a", "/", True, id="all is below the root"),
        pytest.param("", "/", True, id="nothing is below the root"),
        pytest.param("*", "/", True, id="and so is what is no path"),
        pytest.param("http://x/a", "/", True, id="or is a whole URL"),
        pytest.param("*", "/a", False, id="though not below a path"),
    ],
)
def test_path_is_under_a_prefix_by_whole_segments(path: str, prefix: str, under: bool) -> None:
    """Every path is under `/`, so every path has a guard."""
    assert is_under(path, prefix) is under


@pytest.mark.parametrize(
    ("path", "raw_path"),
    [
        pytest.param("//a", None, id="an empty segment first"),
        pytest.param("/a//b", None, id="an empty segment"),
        pytest.param("/a\\b", None, id="a backslash"),
        pytest.param("/a\x00", None, id="a NUL"),
        pytest.param("/a\n", None, id="a newline at the end"),
        pytest.param("/a\x7f", None, id="DEL"),
        pytest.param("/.", None, id="a dot"),
        pytest.param("/./a", None, id="a dot segment"),
        pytest.param("/a/..", None, id="two dots at the end"),
        pytest.param("/a/../b", None, id="two dots"),
        pytest.param("../a", None, id="two dots first"),
        pytest.param("/a%2fb", None, id="encoded twice: a slash"),
        pytest.param("/a%2Fb", None, id="encoded twice: a slash in upper case"),
        pytest.param("/a%5cb", None, id="encoded twice: a backslash"),
        pytest.param("/%2e%2E/b", None, id="encoded twice: dots"),
        pytest.param("/a%00", None, id="encoded twice: a NUL"),
        pytest.param("/a/b", b"/a%2fb", id="an encoded slash"),
        pytest.param("/a/b", b"/a%2Fb", id="an encoded slash in upper case"),
        pytest.param("/a\\b", b"/a%5Cb", id="an encoded backslash"),
        pytest.param("/a", b"/a%00", id="an encoded NUL"),
        pytest.param("/a;b", None, id="parameters of a segment"),
        pytest.param("/a/..;/b", None, id="two dots with parameters"),
        pytest.param("/a?b", b"/a%3Fb", id="an encoded question mark"),
        pytest.param("/a#b", b"/a%23b", id="an encoded hash sign"),
        pytest.param("/a%3bb", None, id="encoded twice: parameters of a segment"),
        pytest.param("/%61", None, id="encoded twice: a letter"),
        pytest.param("/\ufffd", b"/%FF", id="bytes that are not UTF-8"),
    ],
)
def test_path_with_two_readings_is_ambiguous(path: str, raw_path: bytes | None) -> None:
    """Two programs may read it as two paths."""
    assert is_ambiguous(path, raw_path)


@pytest.mark.parametrize(
    ("path", "raw_path"),
    [
        pytest.param("/", b"/", id="the root"),
        pytest.param("", None, id="nothing"),
        pytest.param("/a/b/", b"/a/b/", id="a slash behind"),
        pytest.param("/a.b/.c/d..", b"/a.b/.c/d..", id="dots in names"),
        pytest.param("/...", b"/...", id="three dots"),
        pytest.param("/é", b"/%C3%A9", id="an encoded letter"),
        pytest.param("/a%b", b"/a%25b", id="an encoded percent sign"),
    ],
)
def test_plain_path_is_not_ambiguous(path: str, raw_path: bytes | None) -> None:
    """Names may contain dots, and letters may be encoded."""
    assert not is_ambiguous(path, raw_path)


@pytest.mark.parametrize(
    ("path", "raw_path", "root_path", "readings"),
    [
        pytest.param("/a", None, "", ("/a",), id="nothing but a path"),
        pytest.param("/a", b"/a", "", ("/a",), id="a raw path"),
        pytest.param("/a", b"/a?b=%61", "", ("/a",), id="a raw path with a query"),
        pytest.param("/é b", b"/%C3%A9%20b", "", ("/é b",), id="what must be encoded"),
        pytest.param("/é b", b"/%c3%a9%20b", "", ("/é b",), id="encoded in lower case"),
        pytest.param("/a|b", b"/a|b", "", ("/a|b",), id="not encoded though it must be"),
        pytest.param("/ab", b"/%61b", "", ("/ab", "/%61b"), id="an encoded letter"),
        pytest.param("/a~", b"/a%7E", "", ("/a~", "/a%7E"), id="an encoded tilde"),
        pytest.param("/a@", b"/a%40", "", ("/a@", "/a%40"), id="an encoded at sign"),
        pytest.param("/b", b"/a/b", "", ("/b", "/a/b"), id="rewritten"),
        pytest.param("/api/a", b"/api/a", "/api", ("/a",), id="below the root path"),
        pytest.param("/api/a", b"/a", "/api", ("/a",), id="a raw path less the root path"),
        pytest.param("/api", None, "/api", ("", "/"), id="the root path"),
        pytest.param("/b", None, "/api", ("/b",), id="outside the root path"),
        pytest.param("/apia", None, "/api", ("/apia", "/a"), id="half a segment"),
        pytest.param("/b/api/a", None, "/api", ("/b/api/a", "/a"), id="inside"),
        pytest.param("/api/a", None, "/api/", ("/api/a", "/a"), id="a slash at its end"),
        pytest.param("/a", None, "/", ("/a",), id="a root path that is a slash"),
    ],
)
def test_readings_of_a_path_are_those_of_all_known_frameworks(
    path: str, raw_path: bytes | None, root_path: str, readings: tuple[str, ...]
) -> None:
    """The first is that of Starlette."""
    assert path_readings(path, raw_path, [root_path]) == readings


def test_readings_of_a_path_include_those_with_the_root_path_of_an_inner_application() -> None:
    """It replaces the root path of the request."""
    readings = path_readings("/api/a/b", b"/api/a/b", ["/api", "/api/a"])
    assert readings == ("/a/b", "/b")


_PUBLIC = PublicPaths.of(["/health", "POST /hook", "WEBSOCKET /feed", "/static/*", "PUT /in/*"])


@pytest.mark.parametrize(
    ("method", "path", "public"),
    [
        ("GET", "/health", True),
        ("HEAD", "/health", True),
        ("POST", "/health", False),
        ("OPTIONS", "/health", False),
        ("WEBSOCKET", "/health", False),
        ("get", "/health", False),
        ("GET", "/health/", False),
        ("GET", "/health/x", False),
        ("GET", "/healthy", False),
        ("GET", "/Health", False),
        ("GET", "health", False),
        ("POST", "/hook", True),
        ("GET", "/hook", False),
        ("WEBSOCKET", "/feed", True),
        ("GET", "/feed", False),
        ("GET", "/static/a", True),
        ("HEAD", "/static/a/b", True),
        ("GET", "/static/", False),
        ("GET", "/static", False),
        ("POST", "/static/a", False),
        ("GET", "/statics/a", False),
        ("GET", "/static/../admin", False),
        ("GET", "/static//admin", False),
        ("GET", "/static/..\\admin", False),
        ("GET", "/static/%2e%2e/admin", False),
        ("PUT", "/in/a", True),
        ("GET", "/in/a", False),
        ("GET", "/", False),
        ("GET", "", False),
    ],
)
def test_path_is_public_only_with_its_configured_method(
    method: str, path: str, public: bool
) -> None:
    """An ambiguous path is not public."""
    assert _PUBLIC.include(method, path, path.encode()) is public
    assert _PUBLIC.include(method, path, None) is public


def test_path_with_an_encoded_slash_is_not_public() -> None:
    """The server has decoded it, and the router may read it differently."""
    assert not _PUBLIC.include("GET", "/static/a/b", b"/static/a%2fb")


def test_pattern_for_all_paths_makes_every_path_below_the_root_public() -> None:
    """For GET and HEAD."""
    everything = PublicPaths.of(["/*"])
    assert everything.include("GET", "/a", None)
    assert not everything.include("GET", "/", None)
    assert not everything.include("POST", "/a", None)
    assert not PublicPaths.of([]).include("GET", "/", None)


@pytest.mark.parametrize(
    "pattern",
    [
        *("/orders/{id}", "/orders/{id:int}/*", "/orders/<id>", "/orders/<int:id>", "/orders/:id"),
        *("/a.+", "/a|b", "/a[0-9]", "/^a", "/a$", "/a/{path:path}", "GET /{id}"),
    ],
)
def test_pattern_with_a_parameter_or_expression_is_rejected(pattern: str) -> None:
    """It would match nothing."""
    with pytest.raises(ConfigurationError, match="public= has no parameters or regular"):
        PublicPaths.of([pattern])


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("PSOT /hook", "PSOT, which is no HTTP method: write POST"),
        ("GETT /hook", "write GET"),
        ("DELTE /hook", "write DELETE"),
        ("WEBSOCKETS /feed", "write WEBSOCKET"),
        ("WS /feed", "write one entry for each method"),
        ("ANY /hook", "no HTTP method"),
        ("ALL /hook", "no HTTP method"),
    ],
)
def test_pattern_with_a_mistyped_method_is_rejected(pattern: str, advice: str) -> None:
    """It would match nothing."""
    with pytest.raises(ConfigurationError, match=advice):
        PublicPaths.of([pattern])


@pytest.mark.parametrize(
    "pattern",
    ["NOTIFY /a", "PURGE /a", "QUERY /a", "/v1/x:cancel", "/a(b)", "/a+b", "/$metadata", "/a.b/*"],
)
def test_pattern_of_characters_that_a_path_has_is_accepted(pattern: str) -> None:
    """A method of the application's own too."""
    assert not PublicPaths.of([pattern]).is_empty


@pytest.mark.parametrize("pattern", [re.compile("/a"), None, 5, b"/a", ("GET", "/a")], ids=repr)
def test_pattern_that_is_not_a_string_is_rejected(pattern: object) -> None:
    """A regular expression too."""
    with pytest.raises(ConfigurationError, match='public= takes "/path"'):
        PublicPaths.of([pattern])


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "",
            "*",
            "health",
            "get /a",
            "GET  /a",
            "GET/a",
            " /a",
            "/a ",
            "/a b",
            "/a\n",
            "GET /a\n",
        ),
        *("/a*", "/*/b", "/a/**", "/a//b", "/a/../b", "/a%2fb", "/\\", "ws:/a"),
    ],
)
def test_malformed_pattern_is_rejected(pattern: str) -> None:
    """It would never match, or match too much."""
    with pytest.raises(ConfigurationError, match='public= takes "/path"'):
        PublicPaths.of([pattern])


def test_list_written_as_a_string_is_rejected() -> None:
    """The string would be read as its letters."""
    with pytest.raises(ConfigurationError, match=r'public=\["/health"\]'):
        PublicPaths.of("/health")


def test_letters_that_a_router_without_case_reads_alike_are_folded_alike() -> None:
    """For each letter of a prefix, all that a regular expression without case matches with it."""
    for letter in "abcdefghijklmnopqrstuvwxyz":
        pattern = re.compile(letter, re.IGNORECASE)
        alike = {chr(point) for point in range(0x3000) if pattern.fullmatch(chr(point))}
        assert {fold_case(each) for each in alike} == {letter}


def test_other_letters_are_folded_as_by_str_casefold() -> None:
    """A path that is the same without case is the same after it."""
    assert fold_case("/Straße/É") == fold_case("/STRASSE/é") == "/strasse/é"
