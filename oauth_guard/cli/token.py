"""The command `oauth-guard token`: development tokens, without an authorization server."""

from typing import Annotated

from cyclopts import App, Parameter

from oauth_guard.cli.output import print_line, print_table
from oauth_guard.issuers.development_store import DevelopmentStore

__all__ = ["token"]

token = App(
    name="token",
    help="Issue development tokens, and list, print and revoke them. A guard accepts them with "
    "development_tokens=True, on loopback, from the user who issued them. Exit code 0: done. "
    "2: an option is wrong, or a file is not yours alone.",
)
_HOUR = 3600


@token.default
def issue(
    *,
    scope: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    subject: str = "developer",
    hours: float = 1,
) -> None:
    """Issue a token, and print it.

    Exit code 0: it is on standard output. 2: an option is wrong.

    Parameters
    ----------
    scope
        A scope that it grants; repeatable.
    subject
        The user that it is issued for.
    hours
        How long it is valid, at most 8.
    """
    print_line(DevelopmentStore().issue(scope, subject, hours * _HOUR))


@token.command(name="list")
def list_tokens() -> None:
    """List the tokens that are valid, without the tokens themselves.

    Exit code 0: they are on standard output.
    """
    rows = [
        (each.id, each.claims["sub"], each.claims["scope"], f"{each.remaining / 60:.0f} min")
        for each in DevelopmentStore().listed()
    ]
    print_table(["id", "subject", "scope", "expires in"], rows)


@token.command(name="print")
def print_token(number: str) -> None:
    """Print a token that was issued before.

    Exit code 0: it is on standard output. 2: there is none.

    Parameters
    ----------
    number
        The id in the list.
    """
    print_line(DevelopmentStore().token(number))


@token.command
def revoke(number: str) -> None:
    """Revoke a token: the next request with it is rejected.

    Exit code 0: it is revoked. 2: there is none.

    Parameters
    ----------
    number
        The id in the list.
    """
    DevelopmentStore().revoke(number)
