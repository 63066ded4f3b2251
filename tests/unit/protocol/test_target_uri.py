"""Two URIs that name the same target have one normal form, and other URIs have another."""

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.target_uri import (
    full_raw_path,
    normalize_origin,
    normalize_uri,
    target_uri,
)
from tests.unit.protocol.properties import BOUNDED

ORIGIN = "https://api.example.com"


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        (f"{ORIGIN}/r", f"{ORIGIN}/r"),
        ("HTTPS://API.example.com:443/r", f"{ORIGIN}/r"),
        ("https://api.example.com:/r", f"{ORIGIN}/r"),
        ("http://api.example.com:80/r", "http://api.example.com/r"),
        ("http://api.example.com:443/r", "http://api.example.com:443/r"),
        ("https://api.example.com:08443/r", f"{ORIGIN}:8443/r"),
        ("https://[2001:DB8::1]:443/r", "https://[2001:db8::1]/r"),
        (ORIGIN, f"{ORIGIN}/"),
        (f"{ORIGIN}?a=1", f"{ORIGIN}/"),
        (f"{ORIGIN}/r?a=1#b", f"{ORIGIN}/r"),
        (f"{ORIGIN}/r#a?b", f"{ORIGIN}/r"),
        (f"{ORIGIN}/%72", f"{ORIGIN}/r"),
        (f"{ORIGIN}/%7euser", f"{ORIGIN}/~user"),
        (f"{ORIGIN}/a%2fb", f"{ORIGIN}/a%2Fb"),
        (f"{ORIGIN}/a%2525", f"{ORIGIN}/a%2525"),
        (f"{ORIGIN}/x/../r", f"{ORIGIN}/r"),
        (f"{ORIGIN}/x/%2e%2E/r", f"{ORIGIN}/r"),
        (f"{ORIGIN}/./r/.", f"{ORIGIN}/r/"),
        (f"{ORIGIN}/r/x/..", f"{ORIGIN}/r/"),
        (f"{ORIGIN}/../../r", f"{ORIGIN}/r"),
        (f"{ORIGIN}/a//b", f"{ORIGIN}/a//b"),
        (f"{ORIGIN}/a//../b", f"{ORIGIN}/a/b"),
        (f"{ORIGIN}/...", f"{ORIGIN}/..."),
        (f"{ORIGIN}/R", f"{ORIGIN}/R"),
        (f"{ORIGIN}/r/", f"{ORIGIN}/r/"),
        (f"{ORIGIN}/a@b:c;d=1,2", f"{ORIGIN}/a@b:c;d=1,2"),
    ],
)
def test_uri_is_normalized(uri: str, normal: str) -> None:
    """By syntax and by scheme (RFC 3986 §6.2.2, §6.2.3), without query and fragment."""
    assert normalize_uri(uri) == normal
    assert normalize_uri(normal) == normal


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/r",
        "//api.example.com/r",
        "api.example.com/r",
        "https:/api.example.com/r",
        "https:///r",
        "ftp://api.example.com/r",
        "wss://api.example.com/r",
        "https://user@api.example.com/r",
        "https://api.example.com:99999999/r",
        "https://api.example.com:x/r",
        "https://api.example.com\\@evil.example/r",
        "https://äpi.example.com/r",
        "https://api.example.com/ä",
        "https://api.example.com/a b",
        "https://api.example.com/a\nb",
        "https://api.example.com/r\n",
        "https://api.example.com/%",
        "https://api.example.com/%4",
        "https://api.example.com/%zz",
        "https://api.example.com/<a>",
    ],
)
def test_malformed_uri_is_refused(uri: str) -> None:
    """What has no normal form equals nothing, and the text quotes nothing of it."""
    with pytest.raises(ValueError, match="URI") as refusal:
        normalize_uri(uri)
    assert not uri or uri not in str(refusal.value)


@BOUNDED
@given(st.text(st.sampled_from("/.%2eEfFr~A@:"), max_size=12))
def test_normal_form_of_a_path_is_stable(path: str) -> None:
    """To normalize twice changes nothing, and no dot segment is left."""
    try:
        normal = normalize_uri(f"{ORIGIN}/{path}")
    except ValueError:
        return
    assert normalize_uri(normal) == normal
    assert not {".", ".."} & set(normal.removeprefix(ORIGIN).split("/"))


@BOUNDED
@given(st.text(st.sampled_from("abcXYZ09-._~/"), max_size=12))
def test_escapes_of_unreserved_characters_make_no_difference(path: str) -> None:
    """Each spelling of the path names the same target."""
    escaped = "".join(each if each == "/" else f"%{ord(each):02x}" for each in path)
    assert normalize_uri(f"{ORIGIN}/{escaped}") == normalize_uri(f"{ORIGIN}/{path}")


@pytest.mark.parametrize(
    ("public_origin", "origin"),
    [
        (ORIGIN, ORIGIN),
        (f"{ORIGIN}/", ORIGIN),
        ("HTTPS://API.Example.com:443", ORIGIN),
        (f"{ORIGIN}:8443", f"{ORIGIN}:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_public_origin_is_normalized(public_origin: str, origin: str) -> None:
    """The operator may write it in any spelling."""
    assert normalize_origin(public_origin) == origin


@pytest.mark.parametrize(
    "public_origin",
    [
        f"{ORIGIN}/api",
        f"{ORIGIN}?a",
        f"{ORIGIN}/?",
        "http://api.example.com",
        "https://api_x%20.example.com",
        "api.example.com",
        "",
    ],
)
def test_public_origin_with_more_than_an_origin_is_refused(public_origin: str) -> None:
    """At start, with a sentence that says what to write."""
    with pytest.raises(ConfigurationError, match="public_origin"):
        normalize_origin(public_origin)


def test_target_is_the_origin_and_the_raw_path() -> None:
    """A query is dropped, and the path is normalized as that of a proof is."""
    assert target_uri(ORIGIN, b"/x/../%72?a=1") == f"{ORIGIN}/r"
    assert target_uri(ORIGIN, b"") == f"{ORIGIN}/"
    with pytest.raises(ValueError, match="URI"):
        target_uri(ORIGIN, b"/\xff")


@pytest.mark.parametrize(
    ("path", "raw_path", "root_path", "full"),
    [
        pytest.param("/r", b"/r", "", b"/r", id="no mount"),
        pytest.param("/api/r", b"/api/r", "/api", b"/api/r", id="server includes the root path"),
        pytest.param("/r", b"/r", "/api", b"/api/r", id="server leaves it out"),
        pytest.param("/api/r", b"/r", "/api", b"/api/r", id="raw path leaves it out"),
        pytest.param("/apix", b"/apix", "/api", b"/api/apix", id="no prefix by whole segments"),
        pytest.param("/api", b"/api", "/api", b"/api", id="root path itself"),
        pytest.param("/api/r", b"/api/r", "/api/", b"/api/r", id="slash after the root path"),
        pytest.param("/r", b"/r", "/api/", b"/api/r", id="slash after one that is left out"),
        pytest.param("/é/r", b"/%C3%A9/r", "/é", b"/%C3%A9/r", id="escaped root path"),
        pytest.param("/r", b"/r", "/é", b"/%C3%A9/r", id="root path to be escaped"),
        pytest.param("/a b", None, "", b"/a%20b", id="no raw path"),
        pytest.param("/a%b", None, "/api", b"/api/a%25b", id="no raw path, a percent sign"),
    ],
)
def test_full_path_is_the_same_in_both_server_styles(
    path: str, raw_path: bytes | None, root_path: str, full: bytes
) -> None:
    """Whether `path` includes `root_path` depends on the server and on the proxy before it."""
    assert full_raw_path(path, raw_path, root_path) == full


@BOUNDED
@given(st.text(st.characters(categories=("L", "N", "P", "S", "Z", "C", "Cs")), max_size=8))
def test_path_without_a_raw_path_is_encoded(path: str) -> None:
    """Each text becomes a path of a URI, unescaped where that means the same."""
    raw = full_raw_path(f"/{path}", None, "")
    assert target_uri(ORIGIN, raw).startswith(f"{ORIGIN}/")
    assert unquote_to_bytes(raw).decode() == f"/{path}".encode(errors="replace").decode()
