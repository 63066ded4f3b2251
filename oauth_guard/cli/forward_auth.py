"""The command `oauth-guard forward-auth`: the service that reverse proxies ask."""

import os
from typing import Annotated

from cyclopts import Parameter

from oauth_guard.cli.configuration import DEFAULT_FILE, ConfigFile, config_path
from oauth_guard.config import forward_auth_from_config

__all__ = ["forward_auth"]

_PEERS = "OAUTH_GUARD_FORWARD_AUTH__UNREWRITTEN_PEERS"


def forward_auth(
    *,
    config: ConfigFile = DEFAULT_FILE,
    host: str = "127.0.0.1",
    port: int = 9091,
    trust: Annotated[tuple[str, ...], Parameter(negative="")] = (),
) -> None:
    """Serve the service that nginx, Caddy, Traefik and Envoy ask about each request.

    The table `forward_auth` of the configuration names the proxy, its secret and the rules. A
    path without a rule is denied. Exit code 0: the server was stopped. 2: a setting is wrong.

    Parameters
    ----------
    config
        The file.
    host
        The address to listen at; only the proxy should reach it.
    port
        The port to listen at; 0 for any free one.
    trust
        The address or network (CIDR) of a proxy that needs no secret; repeatable. Other peers
        get 403. Only for peers that connect directly, whose address nothing rewrites.
    """
    peers = {_PEERS: ",".join(trust)} if trust else {}
    app = forward_auth_from_config(config_path(config), {**os.environ, **peers})
    import uvicorn  # noqa: PLC0415 - few commands need it

    # The address of the peer is that of the TCP connection, which `unrewritten_peers` relies on.
    uvicorn.run(app, host=host, port=port, proxy_headers=False)
