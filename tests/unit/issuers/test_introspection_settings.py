"""The settings of `IntrospectionIssuer`: which URLs it needs, and how its rules are read."""

from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, ConfigurationError
from oauth_guard.issuers.introspection_settings import find_endpoint, read_rules

CLIENT = ClientSecretBasic("api", "secret")
URL = "https://as.example.com"


def _find(issuer: str, **settings: Any) -> str | None:
    urls = {name: settings.pop(name, None) for name in ("endpoint", "metadata_url")}
    defaults = {"insecure_http": False, "signed": False, "metadata_issuer": None}
    settings = {**defaults, **settings}
    name = settings.pop("metadata_issuer")
    return find_endpoint(issuer, name, None, urls, CLIENT, **settings)[1]


@pytest.mark.parametrize(
    ("issuer", "settings", "published"),
    [
        pytest.param(URL, {}, URL, id="a URL"),
        pytest.param("as", {"endpoint": URL}, None, id="a name, and an endpoint"),
        pytest.param("as", {"metadata_url": URL, "signed": True}, None, id="a name, and metadata"),
        pytest.param("as", {"metadata_issuer": URL}, URL, id="a name, and one in the metadata"),
    ],
)
def test_published_issuer_is_the_one_by_which_metadata_is_found(
    issuer: str, settings: dict[str, Any], published: str | None
) -> None:
    """A name that is no URL finds none."""
    assert _find(issuer, **settings) == published


def test_signed_responses_need_metadata() -> None:
    """The URL of the keys is there; `endpoint=` alone is not sufficient."""
    with pytest.raises(ConfigurationError, match="say where its keys or endpoint are"):
        _find("as", endpoint=URL, signed=True)


def test_reason_for_no_audience_makes_the_audience_optional() -> None:
    """Without a reason it is required by the audience check."""
    for reason in ("single resource", "issuer checks"):
        assert read_rules(URL, {}, "sub", reason, signed=False).audience_optional
    assert not read_rules(URL, {}, "sub", None, signed=False).audience_optional
    with pytest.raises(ConfigurationError, match="without_audience= is one of 'single resource'"):
        read_rules(URL, {}, "sub", "why not", signed=False)


def test_token_types_are_read_in_lower_case_from_a_list() -> None:
    """None is added by default."""
    assert read_rules(URL, {}, "sub", None, ["Legacy"], signed=False).token_types == frozenset(
        {"legacy"}
    )
    assert read_rules(URL, {}, "sub", None, signed=False).token_types == frozenset()
    with pytest.raises(ConfigurationError, match="token_types= takes a list"):
        read_rules(URL, {}, "sub", None, "mac", signed=False)
