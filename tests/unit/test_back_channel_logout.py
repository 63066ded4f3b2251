"""BackChannelLogout: its settings, and whose logout tokens it accepts."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.back_channel_logout import BackChannelLogout
from tests.builders.logout_api import LogoutApi


@pytest.mark.parametrize("client_id", ["", [], [""]])
def test_missing_client_is_refused(client_id: Any) -> None:
    """A logout token for another client must not be accepted."""
    with pytest.raises(ConfigurationError, match="client_id"):
        LogoutApi(client_id=client_id)


async def test_several_clients_can_be_named() -> None:
    """An API may serve several applications of the provider."""
    api = LogoutApi(client_id=["web", "app"])
    assert (await api.log_out(api.logout_token(aud="app"))).status == 200


async def test_key_with_an_algorithm_that_is_not_accepted_signs_no_logout_token() -> None:
    """Although the provider publishes it."""
    api = LogoutApi()
    issuer = api.jwt_issuer(algorithms=["ES256"])
    api.endpoint = BackChannelLogout(api.guard, issuer, client_id="shop")
    response = await api.log_out(api.logout_token(key=api.authority.keys[1]))
    assert response.status == 400
    assert "algorithm_not_allowed" in response.log
    assert (await api.log_out(api.logout_token())).status == 200
