"""BackChannelLogout: its settings, and what it does when a part can't be reached."""

from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.back_channel_logout import BackChannelLogout
from oauth_guard.errors import StoreUnavailable
from oauth_guard.stores.replays import MemoryOnce
from tests.acceptance.standards.api import Api
from tests.builders.logout_api import LogoutApi


def test_guard_without_a_deny_list_is_refused() -> None:
    """The endpoint would have no effect."""
    api = Api()
    with pytest.raises(ConfigurationError, match="deny_list"):
        BackChannelLogout(api.guard, api.jwt_issuer(), client_id="shop")


@pytest.mark.parametrize("client_id", ["", [], [""]])
def test_missing_client_is_refused(client_id: Any) -> None:
    """A logout token for another client must not be accepted."""
    with pytest.raises(ConfigurationError, match="client_id"):
        LogoutApi(client_id=client_id)


async def test_several_clients_can_be_named() -> None:
    """An API may serve several applications of the provider."""
    api = LogoutApi(client_id=["web", "app"])
    assert (await api.log_out(api.logout_token(aud="app"))).status == 200


async def test_other_connections_than_http_are_refused() -> None:
    """It has no lifespan and no WebSocket."""
    with pytest.raises(ConfigurationError, match="HTTP"):
        await LogoutApi().endpoint({"type": "websocket"}, None, None)  # type: ignore[arg-type]


async def test_key_with_an_algorithm_that_is_not_accepted_signs_no_logout_token() -> None:
    """Although the provider publishes it."""
    api = LogoutApi()
    issuer = api.jwt_issuer(algorithms=["ES256"])
    api.endpoint = BackChannelLogout(api.guard, issuer, client_id="shop")
    response = await api.log_out(api.logout_token(key=api.authority.keys[1]))
    assert response.status == 400
    assert "algorithm_not_allowed" in response.log
    assert (await api.log_out(api.logout_token())).status == 200


async def test_logout_during_an_outage_of_the_keys_can_be_sent_again() -> None:
    """503 is not the provider's fault."""
    api = LogoutApi()
    api.authority.outage = lambda _: httpx.Response(500)
    response = await api.log_out(api.logout_token())
    assert (response.status, response.body) == (503, b"")
    assert "a logout token was not processed" in response.log


class _FailingOnce(MemoryOnce):
    """A store that fails once."""

    failures = 1

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Raise at the first call."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("closed")
        return await super().claim(key, seconds)


async def test_logout_during_an_outage_of_the_store_can_be_sent_again() -> None:
    """It has taken effect by then, and the second time it is claimed."""
    api = LogoutApi(once=_FailingOnce())
    token = api.logout_token()
    statuses = [(await api.log_out(token)).status for _ in range(3)]
    assert statuses == [503, 200, 400]
    assert (await api.get("/r", api.token(sid="s1"))).status == 401
