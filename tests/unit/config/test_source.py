"""Source: values, and where each comes from."""

from pathlib import Path

import pytest

from oauth_guard.config.source import Source, spell
from oauth_guard.errors import ConfigurationError

TEXT = """\
# a comment
resource = "https://api.test"
"scopes_supported" = [
  "a",
]
jwks_cache.max_age = 5

[[issuers]]
issuer = "https://a.test"

[[issuers]]
issuer = "https://b.test"
[issuers.client]   # of the second
secret = "x"

[middleware]
public = []
"""


def _read(folder: Path, text: str = TEXT, **environ: str) -> Source:
    path = folder / "guard.toml"
    path.write_text(text)
    return Source.read(path, {f"OAUTH_GUARD_{name}": value for name, value in environ.items()})


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("resource",), 2),
        (("scopes_supported",), 3),
        (("scopes_supported", 0), 3),
        (("jwks_cache", "max_age"), 6),
        (("jwks_cache",), 6),
        (("issuers", 0, "issuer"), 9),
        (("issuers", 1), 11),
        (("issuers", 1, "issuer"), 12),
        (("issuers", 1, "client", "secret"), 14),
        (("issuers", 1, "client", "missing"), 13),
        (("middleware", "public"), 17),
    ],
)
def test_place_of_a_value_is_its_line(
    tmp_path: Path, path: tuple[str | int, ...], line: int
) -> None:
    """A value inside another one has the line of the nearest key."""
    assert _read(tmp_path).place(path) == f"{tmp_path}/guard.toml:{line}"


def test_place_of_a_missing_key_is_the_file(tmp_path: Path) -> None:
    """There is no line."""
    assert _read(tmp_path).place(("realm",)) == f"{tmp_path}/guard.toml"


def test_variable_replaces_the_value_of_the_file(tmp_path: Path) -> None:
    """Two underscores lead into a table, a number into a list."""
    source = _read(tmp_path, RESOURCE="https://b.test", ISSUERS__1__CLIENT__SECRET="y")
    assert source.values["resource"] == "https://b.test"
    assert source.values["issuers"][1]["client"]["secret"] == "y"
    assert source.place(("resource",)) == "OAUTH_GUARD_RESOURCE"
    place = source.place(("issuers", 1, "client", "secret"))
    assert place == "OAUTH_GUARD_ISSUERS__1__CLIENT__SECRET"


def test_variables_suffice_without_a_file() -> None:
    """Lists grow by one position at a time."""
    environ = {
        "OAUTH_GUARD_RESOURCE": "https://api.test",
        "OAUTH_GUARD_ISSUERS__0__ISSUER": "https://a.test",
        "OAUTH_GUARD_ISSUERS__1__ISSUER": "https://b.test",
        "OAUTH_GUARD_METADATA": '{"resource_name": "Shop"}',
        "PATH": "/bin",
    }
    assert Source.read(None, environ).values == {
        "resource": "https://api.test",
        "issuers": [{"issuer": "https://a.test"}, {"issuer": "https://b.test"}],
        "metadata": {"resource_name": "Shop"},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [("SECRET_FILE", {"secret_file": "y"}), ("SECRET", {"secret": "y"})],
)
def test_variable_replaces_the_other_form_of_a_secret(
    tmp_path: Path, given: str, expected: dict[str, str]
) -> None:
    """A secret in the file and its file in the environment are no contradiction."""
    text = 'secret = "x"\n' if given == "SECRET_FILE" else 'secret_file = "x"\n'
    assert _read(tmp_path, text, **{given: "y"}).values == expected


def test_both_forms_of_a_secret_in_the_environment_stay(tmp_path: Path) -> None:
    """Which one is meant can't be known: the reader of the settings rejects both."""
    source = _read(tmp_path, "", SECRET="x", SECRET_FILE="y")
    assert source.values == {"secret": "x", "secret_file": "y"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ISSUERS__5__ISSUER", "has no position 5"),
        ("RESOURCE__0", "has no position 0"),
        ("RESOURCE__NAME", "resource is not a table"),
    ],
)
def test_variable_without_a_place_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    """The text begins with its name."""
    with pytest.raises(ConfigurationError, match=f"^OAUTH_GUARD_{name}: .*{text}"):
        _read(tmp_path, **{name: "x"})


def test_last_position_of_a_list_is_replaced(tmp_path: Path) -> None:
    """As any other value."""
    source = _read(tmp_path, SCOPES_SUPPORTED__0="b", METADATA="{no json")
    assert source.values["scopes_supported"] == ["b"]
    assert source.values["metadata"] == "{no json"


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"resource = \n", "line 1"), (b"\xff", "not encoded in UTF-8")],
    ids=["no TOML", "no UTF-8"],
)
def test_file_that_is_no_toml_is_an_error(tmp_path: Path, content: bytes, text: str) -> None:
    """The text names file and line."""
    path = tmp_path / "guard.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=text):
        Source.read(path, {})


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """Also if the environment has settings."""
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        Source.read(tmp_path / "missing.toml", {"OAUTH_GUARD_RESOURCE": "https://api.test"})


def test_path_is_spelled_as_in_toml() -> None:
    """With positions in brackets."""
    assert spell(("issuers", 0, "client")) == "issuers[0].client"
