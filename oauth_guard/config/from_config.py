"""guard_from_config() and middleware_from_config(): a guard and its middleware from a file."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from oauth_guard.config.kinds import FORWARD_AUTH, GUARD, MIDDLEWARE
from oauth_guard.config.reader import Reader, Setting
from oauth_guard.config.source import Source
from oauth_guard.errors import ConfigurationError

__all__ = [
    "Configuration",
    "forward_auth_from_config",
    "guard_from_config",
    "load_config",
    "middleware_from_config",
]

_TABLE = "middleware"
_SERVICE = "forward_auth"
_SHARED = {"rules", "public"}  # arguments of both


class Configuration(NamedTuple):
    """What a file and the environment configure.

    Attributes:
        guard: The guard.
        middleware: The arguments of `OAuthGuardMiddleware` besides application and guard.
        settings: Every setting in force, with its origin; no secret is in it.
        has_middleware: Whether there is a table `middleware`.
        objects: The objects that were built, by their place: `issuers[0]`.
        service: What the table `forward_auth` has of those arguments: its rules and public paths.
    """

    guard: Any
    middleware: Mapping[str, Any]
    settings: tuple[Setting, ...]
    has_middleware: bool
    objects: Mapping[str, Any]
    service: Mapping[str, Any]


def load_config(
    path: str | Path | None = "oauth_guard.toml", environ: Mapping[str, str] = os.environ
) -> Configuration:
    """Read a configuration, and build its guard. No issuer is contacted.

    Every setting of `Guard` is a key of the file under its own name, and every object a table,
    with `kind` where there are several: see docs/configuration.md. `OAUTH_GUARD_RESOURCE` and
    the like replace values of the file, with two underscores between a table and its key. A
    secret may be in a file of its own: `secret_file`.

    Args:
        path: The TOML file; None if everything is in the environment.
        environ: The environment.

    Raises:
        ConfigurationError: The text begins with file and line, or with the variable. No value of
            a secret is in it.
    """
    reader, guard, table = _read(path, environ)
    middleware, _ = reader.read_table(MIDDLEWARE, table or {}, (_TABLE,))
    service: Mapping[str, Any] = {}
    if (of_service := reader.tables.get(_SERVICE)) is not None:
        service, _ = reader.read_table(FORWARD_AUTH, of_service, (_SERVICE,))
    shared = {name: service[name] for name in _SHARED & service.keys()}
    has_middleware, settings = table is not None, tuple(reader.settings)
    return Configuration(guard, middleware, settings, has_middleware, reader.objects, shared)


def guard_from_config(
    path: str | Path | None = "oauth_guard.toml", environ: Mapping[str, str] = os.environ
) -> Any:
    """Return the guard of a configuration: see `load_config`.

    Raises:
        ConfigurationError: A setting is wrong; or there are settings of the middleware, which a
            guard alone would not apply.
    """
    configuration = load_config(path, environ)
    _check_no_service(path, [each.name.partition(".")[0] for each in configuration.settings])
    if configuration.has_middleware:
        raise ConfigurationError(
            f"{path} has a table {_TABLE}, which a guard does not apply: write "
            "OAuthGuardMiddleware.from_config(app)."
        )
    return configuration.guard


def middleware_from_config(
    app: Any,
    path: str | Path | None = "oauth_guard.toml",
    environ: Mapping[str, str] = os.environ,
) -> Any:
    """Return *app* inside the middleware of a configuration: see `load_config`.

    Raises:
        ConfigurationError: A setting is wrong.
    """
    reader, guard, table = _read(path, environ)
    _check_no_service(path, reader.tables)
    return reader.build(MIDDLEWARE, table or {}, (_TABLE,), app, guard)


def forward_auth_from_config(
    path: str | Path | None = "oauth_guard.toml", environ: Mapping[str, str] = os.environ
) -> Any:
    """Return the service for reverse proxies of a configuration, with its guard.

    Raises:
        ConfigurationError: A setting is wrong, there is no table `forward_auth`, or there are
            settings of the middleware, which the service would not apply.
    """
    reader, guard, middleware = _read(path, environ)
    table = reader.tables.get(_SERVICE)
    if table is None or middleware is not None:
        raise ConfigurationError(
            f"{path} needs a table {_SERVICE} with proxy, secret and rules, and no table {_TABLE}, "
            "which the service does not apply."
        )
    return reader.build(FORWARD_AUTH, table, (_SERVICE,), guard)


def _check_no_service(path: object, names: Collection[str]) -> None:
    if _SERVICE in names:
        raise ConfigurationError(
            f"{path} has a table {_SERVICE}, whose rules are in force in the command "
            "`oauth-guard forward-auth` alone."
        )


def _read(path: str | Path | None, environ: Mapping[str, str]) -> tuple[Reader, Any, Any]:
    """Return the reader of a configuration, its guard, and the table of the middleware."""
    source = Source.read(path, environ)
    reader = Reader(source)
    guard = {key: value for key, value in source.values.items() if key not in {_TABLE, _SERVICE}}
    return reader, reader.build(GUARD, guard), source.values.get(_TABLE)
