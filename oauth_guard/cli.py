"""The command `oauth-guard`; needs the extra `cli`."""

import sys
from importlib import import_module
from typing import Any, Literal

from cyclopts import App

from oauth_guard.errors import ConfigurationError
from oauth_guard.route_formats import FORMATS, unguarded
from oauth_guard.routes import protection_report

__all__ = ["app"]

app = App(name="oauth-guard", help="Checks of an application that oauth_guard protects.")


@app.command
def routes(
    target: str,
    *,
    format: Literal["table", "json", "markdown", "sarif"] = "table",  # noqa: A002 - the option's name
    public: tuple[str, ...] = (),
) -> int:
    """Print what each route of an application requires, and which routes nothing guards.

    Exit code 0: every route is guarded or declared public. 1: some route is neither; its lines
    are repeated on standard error. 2: the application can't be imported, or an option is wrong.

    Parameters
    ----------
    target
        The application as `module:name`; `module:name()` calls a function that returns it.
    format
        How to print the report.
    public
        A public path that no guard is around, as in `public=` of the middleware; repeatable.
    """
    try:
        report = protection_report(_load(target), public=public)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command prints
        return 2
    print(FORMATS[format](report))  # noqa: T201 - a command prints
    for route in (missing := unguarded(report)):
        line = f"unguarded: {route.method} {route.path} ({route.endpoint})"
        print(line, file=sys.stderr)  # noqa: T201 - a command prints
    return 1 if missing else 0


def _load(target: str) -> Any:
    """Import the application that *target* names, with the current folder on the path."""
    module, _, name = target.partition(":")
    if not module or not name:
        raise ConfigurationError(f"{target!r} names no application: write module:name.")
    sys.path.insert(0, "")
    try:
        found: Any = import_module(module)
        for part in name.removesuffix("()").split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{target!r} can't be imported: {error}") from None
    return found() if name.endswith("()") else found
