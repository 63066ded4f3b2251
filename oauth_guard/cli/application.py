"""app and main(): the command `oauth-guard`, its subcommands and its exit codes."""

import os
import sys
from typing import Any, NoReturn

from cyclopts import App, CycloptsError

from oauth_guard.cli.check import check
from oauth_guard.cli.configuration import config
from oauth_guard.cli.explain import explain
from oauth_guard.cli.forward_auth import forward_auth
from oauth_guard.cli.output import print_error
from oauth_guard.cli.routes import routes
from oauth_guard.cli.run import run
from oauth_guard.cli.token import token
from oauth_guard.errors import ConfigurationError

__all__ = ["app", "main"]

_FAULT, _WRONG_USE, _INTERRUPTED, _CLOSED_PIPE = 1, 2, 130, 141

app = App(
    name="oauth-guard",
    help="Configure, check and run what oauth_guard protects.",
    suppress_keyboard_interrupt=False,
    help_epilogue="Exit codes: 0 all is well, 1 a fault was found, 2 an option or a setting is "
    "wrong. Colours are for terminals; NO_COLOR turns them off.",
)
# One file for each command, and one line here.
app.command(check)
app.command(config)
app.command(explain)
app.command(forward_auth)
app.command(routes)
app.command(run)
app.command(token)


def main() -> NoReturn:
    """Run the command line, and exit.

    Exit code 0: all is well. 1: the command found a fault. 2: an option, a file or a setting is
    wrong; one line on standard error names it. 130: interrupted. 141: the reader of the output
    has closed it.
    """
    sys.exit(_run())


def _run() -> int:
    try:
        status: Any = app(exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError:  # it has been printed
        return _WRONG_USE
    except ConfigurationError as error:
        print_error(str(error))
        return _WRONG_USE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    return status if isinstance(status, int) else 0
