"""SecurityEventReceiver: its settings, and what it does when a part can't be reached."""

import logging
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.errors import StoreUnavailable
from oauth_guard.security_events import SecurityEventReceiver
from oauth_guard.stores.replays import MemoryOnce
from tests.acceptance.standards.api import Api
from tests.builders.event_api import EventApi


def test_guard_without_a_deny_list_is_refused() -> None:
    """The endpoint would have no effect."""
    api = Api()
    with pytest.raises(ConfigurationError, match="deny_list"):
        SecurityEventReceiver(api.guard, api.jwt_issuer(), audience="a")


@pytest.mark.parametrize(
    "settings", [{"audience": ""}, {"audience": [""]}, {"authorization": ""}], ids=str
)
def test_empty_setting_is_refused(settings: dict[str, Any]) -> None:
    """An unset variable of the environment must not open the endpoint."""
    with pytest.raises(ConfigurationError, match="must not be empty"):
        EventApi(**settings)


async def test_other_connections_and_methods_are_refused() -> None:
    """It serves POST over HTTP."""
    api = EventApi()
    with pytest.raises(ConfigurationError, match="HTTP"):
        await api.endpoint({"type": "websocket"}, None, None)  # type: ignore[arg-type]
    response = await api.push(b"", (), "GET")
    assert (response.status, response.lines("allow")) == (405, ["POST"])


async def test_event_during_an_outage_of_the_keys_can_be_sent_again() -> None:
    """503 is not the transmitter's fault."""
    api = EventApi()
    api.authority.outage = lambda _: httpx.Response(500)
    response = await api.push(api.event())
    assert (response.status, response.body) == (503, b"")
    assert "a security event was not processed" in response.log


class _FailingOnce(MemoryOnce):
    """A store that fails once."""

    failures = 1

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Raise at the first call."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("closed")
        return await super().claim(key, seconds)


async def test_event_during_an_outage_of_the_store_can_be_sent_again() -> None:
    """It has taken effect by then."""
    api = EventApi(once=_FailingOnce())
    event = api.event()
    assert [(await api.push(event)).status for _ in range(3)] == [503, 202, 202]
    assert (await api.get("/r", api.token())).status == 401


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
