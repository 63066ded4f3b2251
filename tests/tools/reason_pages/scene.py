"""Scene: a command about one reason, and what makes it fail and work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.tools.reason_pages.stage import API, Fields, Stage

Prepare = Callable[[Stage], int | None]
"""Prepares the stage and sends the request that the guard decides on; returns the status.

None if the command itself sends it.
"""

CURL = "curl -s -D - -o /dev/null"
REQUEST = f"{CURL} -H @headers.txt {API}/orders"
_READ = """python3 -c '
import jwt
{name} = jwt.{function}
print({expression})' < {file}"""


@dataclass(frozen=True)
class Scene:
    """A command, and the two situations in which it is run.

    Attributes:
        command: What the reader types; it changes nothing.
        fails: Prepares the situation in which the guard rejects a request for the reason.
        works: Prepares the one in which it accepts the request.
        files: The files that the page shows, each as it fails and as it works.
        needs: What the command reads or uses, as a sentence.
    """

    command: str
    fails: Prepare
    works: Prepare
    files: tuple[str, ...] = ()
    needs: str = ""


TOKEN = "`token.txt` has the token that the client sends, on one line."
PROOF = "`proof.txt` has the value of the header field `DPoP`, on one line."
HEADERS = "`headers.txt` has the header fields that the client sends."


def claims(expression: str, file: str = "token.txt", name: str = "claims") -> str:
    """Return a command that prints *expression* of the claims in *file*, without any check."""
    function = 'decode(input(), options={"verify_signature": False})'
    return _READ.format(name=name, function=function, expression=expression, file=file)


def header(expression: str, file: str = "token.txt") -> str:
    """Return a command that prints *expression* of the JOSE header in *file*."""
    function = "get_unverified_header(input())"
    return _READ.format(name="header", function=function, expression=expression, file=file)


def send_token(stage: Stage, token: str, scheme: str = "Bearer", *more: tuple[str, str]) -> int:
    """Save *token* and send it."""
    stage.write("token.txt", token)
    return stage.send([("Authorization", f"{scheme} {token}"), *more])


def token(
    command: str,
    fails: Mapping[str, Any],
    works: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Scene:
    """Return a scene with two tokens that differ from a genuine one in these claims.

    A value that is a number of seconds from now is written as `Ago(seconds)`; `header` has
    parameters of the JOSE header. *settings* are those of the API.
    """

    def prepare(changes: Mapping[str, Any]) -> Prepare:
        def run(stage: Stage) -> int:
            stage.serve(**settings)
            now = int(stage.issuer.clock())
            own: dict[str, Any] = {
                name: now - value.seconds if isinstance(value, Ago) else value
                for name, value in changes.items()
            }
            return send_token(stage, stage.issuer.token("orders:read", **own))

        return run

    return Scene(command, prepare(fails), prepare(works or {}), needs=TOKEN)


@dataclass(frozen=True)
class Ago:
    """A time so many seconds ago; in the future if negative."""

    seconds: int


def request(
    fails: Callable[[Stage], Fields], works: Callable[[Stage], Fields], **settings: Any
) -> Scene:
    """Return a scene whose command sends the header fields of a file, to an API with *settings*."""

    def prepare(fields: Callable[[Stage], Fields]) -> Prepare:
        def run(stage: Stage) -> None:
            stage.serve(**settings)
            own = fields(stage)
            stage.write("headers.txt", "".join(f"{name}: {value}\n" for name, value in own))
            # the command itself sends the request

        return run

    return Scene(REQUEST, prepare(fails), prepare(works), ("headers.txt",), HEADERS)


def bearer(stage: Stage) -> Fields:
    """Return the field with a genuine token."""
    return [("Authorization", f"Bearer {stage.issuer.token('orders:read')}")]
