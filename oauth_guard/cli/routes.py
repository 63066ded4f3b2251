"""The command `oauth-guard routes`: the protection report."""

from typing import Annotated, Literal

from cyclopts import Parameter

from oauth_guard.cli.output import print_error, print_line, print_table
from oauth_guard.cli.target import load_target
from oauth_guard.route_formats import COLUMNS, FORMATS, cells, unguarded
from oauth_guard.routes import protection_report

__all__ = ["routes"]


def routes(
    target: str,
    *,
    format: Literal["table", "json", "markdown", "sarif"] = "table",  # noqa: A002 - the option's name
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
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
    as_json
        The same as `--format json`.
    public
        A public path that no guard is around, as in `public=` of the middleware; repeatable.
    """
    report = protection_report(load_target(target), public=public)
    chosen = "json" if as_json else format
    if chosen == "table":
        print_table(COLUMNS, cells(report))
    else:
        print_line(FORMATS[chosen](report))
    for route in (missing := unguarded(report)):
        print_error(f"unguarded: {route.method} {route.path} ({route.endpoint})")
    return 1 if missing else 0
