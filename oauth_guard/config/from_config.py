"""guard_from_config() and middleware_from_config(): a guard and its middleware from a file."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from oauth_guard.config.kinds import FORWARD_AUTH, GUARD, MIDDLEWARE, builder
from oauth_guard.config.reader import Reader, Setting
from oauth_guard.config.source import GUARDS, Source
from oauth_guard.errors import ConfigurationError

__all__ = [
    "Configuration",
    "forward_auth_from_config",
    "guard_from_config",
    "load_config",
    "middleware_from_config",
]

_TABLE = "middleware"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SERVICE = "forward_auth"
_GUARD_MAP = "oauth_guard.guard_map:GuardMap"
_SHARED = {"rules", "public"}  # arguments of both


class Configuration(NamedTuple):
    """What a file and the environment configure.

    Attributes:
        guard: The guard of all paths that no other one is for.
        guards: Each guard by its path prefix; that one is at `"/"`.
        middleware: The arguments of `OAuthGuardMiddleware` besides application and guard.
        settings: Every setting in force, with its origin; no secret is in it.
        has_middleware: Whether there is a table `middleware`.
        objects: The objects that were built, by their place: `issuers[0]`.
        service: What the table `forward_auth` has of those arguments: its rules and public paths.
    """

    guard: Any
    guards: Mapping[str, Any]
    middleware: Mapping[str, Any]
    settings: tuple[Setting, ...]
    has_middleware: bool
    objects: Mapping[str, Any]
    service: Mapping[str, Any]


def load_config(
    path: str | Path | None = "oauth_guard.toml",
    environ: Mapping[str, str] = os.environ,
    *,
    replacements: Mapping[str, Any] = _NOTHING,
) -> Configuration:
    """Read a configuration, and build its guard. No issuer is contacted.

    Every setting of `Guard` is a key of the file under its own name, and every object a table,
    with `kind` where there are several: see docs/configuration.md. `OAUTH_GUARD_RESOURCE` and
    the like replace values of the file, with two underscores between a table and its key. A
    secret may be in a file of its own: `secret_file`.

    Args:
        path: The TOML file; None if everything is in the environment.
        environ: The environment.
        replacements: Settings of each guard that replace those of both.

    Raises:
        ConfigurationError: The text begins with file and line, or with the variable. No value of
            a secret is in it.
    """
    reader, guards, table = _read(path, environ, replacements)
    middleware, _ = reader.read_table(MIDDLEWARE, table or {}, (_TABLE,))
    service: Mapping[str, Any] = {}
    if (of_service := reader.tables.get(_SERVICE)) is not None:
        service, _ = reader.read_table(FORWARD_AUTH, of_service, (_SERVICE,))
    shared = {name: service[name] for name in _SHARED & service.keys()}
    has_middleware, settings = table is not None, tuple(reader.settings)
    return Configuration(
        guards["/"], guards, middleware, settings, has_middleware, reader.objects, shared
    )


def guard_from_config(
    path: str | Path | None = "oauth_guard.toml", environ: Mapping[str, str] = os.environ
) -> Any:
    """Return the guard of a configuration: see `load_config`.

    Raises:
        ConfigurationError: A setting is wrong; or there are settings of the middleware, which a
            guard alone would not apply.
    """
    configuration = load_config(path, environ)
    _check_one_guard(path, configuration.guards)
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
    reader, guards, table = _read(path, environ)
    _check_no_service(path, reader.tables)
    return reader.build(MIDDLEWARE, table or {}, (_TABLE,), app, guards)


def forward_auth_from_config(
    path: str | Path | None = "oauth_guard.toml", environ: Mapping[str, str] = os.environ
) -> Any:
    """Return the service for reverse proxies of a configuration, with its guard.

    Raises:
        ConfigurationError: A setting is wrong, there is no table `forward_auth`, or there are
            settings of the middleware, which the service would not apply.
    """
    reader, guards, middleware = _read(path, environ)
    _check_one_guard(path, guards)
    table = reader.tables.get(_SERVICE)
    if table is None or middleware is not None:
        raise ConfigurationError(
            f"{path} needs a table {_SERVICE} with proxy, secret and rules, and no table {_TABLE}, "
            "which the service does not apply."
        )
    return reader.build(FORWARD_AUTH, table, (_SERVICE,), guards["/"])


def _check_no_service(path: object, names: Collection[str]) -> None:
    if _SERVICE in names:
        raise ConfigurationError(
            f"{path} has a table {_SERVICE}, whose rules are in force in the command "
            "`oauth-guard forward-auth` alone."
        )


def _check_one_guard(path: object, guards: Mapping[str, Any]) -> None:
    if len(guards) > 1:
        raise ConfigurationError(
            f"{path} has a table {GUARDS}, whose prefixes the middleware applies alone: write "
            "OAuthGuardMiddleware.from_config(app)."
        )


def _read(
    path: str | Path | None,
    environ: Mapping[str, str],
    replacements: Mapping[str, Any] = _NOTHING,
) -> tuple[Reader, Mapping[str, Any], Any]:
    """Return the reader of a configuration, its guards, and the table of the middleware."""
    source = Source.read(path, environ)
    reader = Reader(source)
    others = {_TABLE, _SERVICE, GUARDS}
    guard = {key: value for key, value in source.values.items() if key not in others}
    tables = {"/": guard, **_by_prefix(source)}
    guards = {
        prefix: reader.build(
            GUARD, _replaced(table, replacements), () if prefix == "/" else (GUARDS, prefix)
        )
        for prefix, table in tables.items()
    }
    try:
        builder(_GUARD_MAP)(guards)
    except ConfigurationError as error:
        place = source.place((GUARDS, *list(guards)[1:2]))
        raise ConfigurationError(f"{place}: {error}") from None
    return reader, guards, source.values.get(_TABLE)


def _replaced(table: Any, replacements: Mapping[str, Any]) -> Any:
    return {**table, **replacements} if isinstance(table, Mapping) else table


def _by_prefix(source: Source) -> Mapping[str, Any]:
    """Return the tables of further guards, by their path prefix."""
    tables = source.values.get(GUARDS, {})
    if not isinstance(tables, Mapping) or "/" in tables:
        raise ConfigurationError(
            f"{source.place((GUARDS, '/'))}: {GUARDS} has a table for each further prefix, such "
            f'as [{GUARDS}."/admin"]; the settings at the top are those of "/".'
        )
    return tables
