"""SecurityEventReceiver: its settings, and what it logs."""

import logging
from typing import Any

import pytest

from oauth_guard import ConfigurationError
from tests.builders.event_api import EventApi


@pytest.mark.parametrize(
    "settings", [{"audience": ""}, {"audience": [""]}, {"authorization": ""}], ids=str
)
def test_empty_setting_is_refused(settings: dict[str, Any]) -> None:
    """An unset variable of the environment must not open the endpoint."""
    with pytest.raises(ConfigurationError, match="must not be empty"):
        EventApi(**settings)


async def test_event_without_effect_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The operator sees that the stream works."""
    caplog.set_level(logging.INFO, "oauth_guard")
    api = EventApi()
    assert (await api.push(api.event("unknown"))).status == 202
    assert "a security event concerns no token" in caplog.text


async def test_event_about_changed_claims_is_not_logged_as_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It revokes no token, and has an effect."""
    caplog.set_level(logging.INFO, "oauth_guard")
    api = EventApi()
    assert (await api.push(api.event("token-claims-change"))).status == 202
    assert "a security event" not in caplog.text
