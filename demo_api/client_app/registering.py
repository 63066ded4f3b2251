"""register(): a client that a visitor registers on the page, for their own session."""

from demo_api.accounts import RegisteredClient
from demo_api.client_app.own_clients import OwnClient
from demo_api.client_app.servers import ServerError, Servers

_REGISTER = "/v1/auth/oauth2/register"
LONGEST_NAME = 200


async def register(servers: Servers, name: str) -> OwnClient:
    """Register a client called *name* at the authorization server (RFC 7591 §3).

    Raises:
        ServerError: The name is not accepted, or there is no response.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ServerError(f"Write a name of 1 to {LONGEST_NAME} characters, on one line.")
    document = {
        "client_name": name,
        "redirect_uris": [servers.callback],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "read",
    }
    response = await servers.send("POST", _REGISTER, {}, json=document)
    if not response.is_success:
        raise ServerError(f"The registration endpoint sent status {response.status_code}.")
    issued = response.json()
    client = RegisteredClient(
        client_id=issued["client_id"],
        name=issued["client_name"],
        grant_types=tuple(issued["grant_types"]),
        redirect_uris=(servers.callback,),
        scope=issued["scope"],
        client_secret=issued["client_secret"],
    )
    return OwnClient(client, issued["client_secret"])
