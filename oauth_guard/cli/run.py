"""The command `oauth-guard run`: any ASGI application, guarded by the configuration."""

from oauth_guard.cli.configuration import DEFAULT_FILE, ConfigFile, config_path
from oauth_guard.cli.target import load_target
from oauth_guard.config import middleware_from_config

__all__ = ["run"]


def run(
    target: str, *, config: ConfigFile = DEFAULT_FILE, host: str = "127.0.0.1", port: int = 8000
) -> None:
    """Serve an application inside the middleware of the configuration, without changing it.

    Every path needs a token, unless `public` in the table `middleware` names it. Exit code 0: the
    server was stopped. 2: a setting is wrong, or the application can't be imported.

    Parameters
    ----------
    target
        The application as `module:name`; `module:name()` calls a function that returns it.
    config
        The file.
    host
        The address to listen at.
    port
        The port to listen at; 0 for any free one.
    """
    app = middleware_from_config(load_target(target), config_path(config))
    import uvicorn  # noqa: PLC0415 - no other command needs it

    uvicorn.run(app, host=host, port=port)
