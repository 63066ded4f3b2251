"""RequestOptions: the request of `oauth-guard explain`, and options that are malformed."""

from pathlib import Path
from typing import Any

import pytest

from oauth_guard.cli.request_options import RequestOptions
from oauth_guard.errors import ConfigurationError


def test_options_describe_the_request(tmp_path: Path) -> None:
    """The method is written in upper case; the certificate is read from its file."""
    file = tmp_path / "client.pem"
    file.write_text("PEM", encoding="utf-8")
    options = RequestOptions(
        "put", "/a?b=1", ("x", "y"), "proof", file, ("X-A:  1 ", "X-B:"), "10.0.0.5"
    )
    found = options.presented("t")
    assert (found.token, found.method, found.target) == ("t", "PUT", "/a?b=1")
    assert (found.scopes, found.proof, found.certificate) == (("x", "y"), "proof", "PEM")
    assert (found.headers, found.peer) == ((("X-A", "1"), ("X-B", "")), "10.0.0.5")
    assert "proof" not in repr(found)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"path": "orders"}, "--path is the path of a request"),
        ({"header": ("no colon",)}, "--header takes a field"),
        ({"header": ("a b: c",)}, "--header takes a field"),
        ({"header": ("a: b\r\nc: d",)}, "--header takes a field"),
        ({"certificate": Path("missing.pem")}, "missing.pem can't be read as a certificate"),
    ],
)
def test_malformed_option_is_an_error(options: dict[str, Any], text: str) -> None:
    """It says what to write instead."""
    with pytest.raises(ConfigurationError, match=text):
        RequestOptions(**options).presented("t")


def test_certificate_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    """Such as one in DER."""
    file = tmp_path / "client.der"
    file.write_bytes(bytes(range(256)))
    with pytest.raises(ConfigurationError, match="in PEM"):
        RequestOptions(certificate=file).presented("t")
