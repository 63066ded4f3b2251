"""check_settings refuses a wrong setting of a guard, and logs an unwise one."""

import logging

import pytest

from oauth_guard.errors import ConfigurationError, MissingCredentials
from oauth_guard.guard_settings import ResourceSettings, check_settings, published
from oauth_guard.possession.possession_check import PossessionCheck


@pytest.mark.parametrize(
    ("resource", "start", "debug", "advice"),
    [
        ("/v1", "wait", False, "absolute https URL"),
        ("https://a.example", "later", False, "one of background, wait, fail fast"),
        ("https://a.example", "wait", True, "for a resource on a loopback host"),
    ],
)
def test_wrong_setting_is_refused(resource: str, start: str, debug: bool, advice: str) -> None:
    """The message says what to write."""
    with pytest.raises(ConfigurationError, match=advice):
        check_settings(resource, start, {"debug": debug})


@pytest.mark.parametrize(
    ("resource", "insecure_http", "warnings"),
    [
        ("https://a.example", False, 0),
        ("https://a.example?a=1", False, 1),
        ("http://a.example?a=1", True, 2),
    ],
)
def test_unwise_setting_is_logged(
    resource: str, insecure_http: bool, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The guard is built all the same."""
    with caplog.at_level(logging.WARNING, "oauth_guard"):
        check_settings(resource, "wait", {"insecure_http": insecure_http})
    assert len(caplog.messages) == warnings


@pytest.mark.parametrize(
    ("realm", "metadata", "challenge"),
    [
        (None, False, 'Bearer realm="https://a.example"'),
        ("api", False, 'Bearer realm="api"'),
        ("api", True, 'resource_metadata="https://a.example/.well-known/oauth-protected-resource"'),
    ],
)
def test_challenge_names_the_metadata_or_a_realm(
    realm: str | None, metadata: bool, challenge: str
) -> None:
    """A challenge without any parameter is not valid (RFC 9110 section 11.6.1)."""
    resource = "https://a.example"
    settings: ResourceSettings = {"realm": realm, "metadata": metadata}
    possession = PossessionCheck(resource)
    rejections, path, _ = published(resource, possession, (), ("header",), settings)
    headers = rejections.build(MissingCredentials()).headers
    assert (path is not None) is metadata
    assert challenge in str(headers)
