"""The command `oauth-guard explain`: each step of the path of one token, and why it ended."""

import asyncio
import logging
import re
import sys
from collections.abc import Mapping
from getpass import getpass
from typing import Annotated, Any

from cyclopts import Parameter

from oauth_guard.cli.configuration import DEFAULT_FILE, AsJSON, ConfigFile, config_path
from oauth_guard.cli.output import print_error, print_json, print_line, print_table
from oauth_guard.cli.request_options import RequestOptions
from oauth_guard.cli.token_claims import claims_in, readable
from oauth_guard.cli.walk import TRACING, Explained, Presented, walk
from oauth_guard.config import load_config
from oauth_guard.errors import ConfigurationError

__all__ = ["explain", "token_in"]

_COLUMNS = ("step", "outcome", "expected", "found", "time")
_DEFAULT_REQUEST = RequestOptions()
_MAX_INPUT = 1024 * 1024  # bytes; a guard rejects what is longer than 16 KiB
_PREFIX = re.compile(r"(authorization:\s*)?((bearer|dpop)(\s+|$))?", re.IGNORECASE)
_WARNING = (
    "warning: shells and process lists remember arguments, and with them this token: write it "
    "to standard input"
)


def explain(  # noqa: PLR0913 - options
    token: str | None = None,
    /,
    *,
    config: ConfigFile = DEFAULT_FILE,
    request: RequestOptions = _DEFAULT_REQUEST,
    deadline: float = 10,
    claims: Annotated[bool, Parameter(negative="")] = False,
    as_json: AsJSON = False,
) -> int:
    """Send a token through the guard of the configuration, and print what each step does.

    The token is read from standard input; a terminal does not show it. The request takes the
    path of the application's requests once: an opaque token is sent to the issuer that
    introspects it, and nothing is sent elsewhere. Exit code 0: the request is accepted. 1: it is
    rejected or can't be decided. 2: there is no token, or an option or a setting is wrong.

    Parameters
    ----------
    token
        The token, if it is no secret any more: shells remember arguments.
    config
        The file.
    deadline
        After how many seconds the path is given up.
    claims
        Print the claims in the token too. They are not validated.
    as_json
        Print JSON.
    """
    logging.getLogger("oauth_guard").addHandler(logging.NullHandler())  # the trace says the same
    if token is not None:
        print_error(_WARNING)
    configuration = load_config(config_path(config), replacements=TRACING)
    presented = request.presented(token_in(_input() if token is None else token))
    explained = asyncio.run(walk(configuration, presented, deadline))
    _print(explained, _claims(presented, explained) if claims else None, as_json=as_json)
    return 0 if explained.is_accepted else 1


def token_in(text: str) -> str:
    """Return the token in *text*, which may be a whole header field.

    Raises:
        ConfigurationError: There is none.
    """
    text = text.strip()
    if not (token := text[_prefix_length(text) :]):
        raise ConfigurationError("there is no token on standard input.")
    return token


def _input() -> str:
    """Return what standard input has; at a terminal, a line that is not shown."""
    if sys.stdin is None:  # it is closed
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(_MAX_INPUT).decode("utf-8", "replace")
    try:
        return getpass("token: ", sys.stderr)
    except EOFError:
        return ""


def _prefix_length(text: str) -> int:
    found = _PREFIX.match(text)
    return 0 if found is None else found.end()


def _print(explained: Explained, claims: Mapping[str, Any] | None, *, as_json: bool) -> None:
    outcomes = explained.trace.outcomes() if explained.trace else []
    if as_json:
        found = {
            "accepted": explained.is_accepted,
            "status": explained.status,
            "reason": explained.reason,
            "steps": [each._asdict() for each in outcomes],
            "text": explained.text,
        }
        print_json(found if claims is None else {**found, "claims": dict(claims)})
        return
    if outcomes:
        rows = [
            (each.step, each.outcome, each.expected, each.found, _time(each.seconds))
            for each in outcomes
        ]
        print_table(_COLUMNS, rows)
    print_line(explained.text)
    if claims is not None:
        print_table(("claim", "value"), readable(claims).items())


def _claims(presented: Presented, explained: Explained) -> Mapping[str, Any]:
    """Return the claims in the token; of an opaque one, those that its issuer has reported."""
    reported = {} if explained.identity is None else explained.identity.claims
    return claims_in(presented.token) or reported


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds else ""
