"""Run the demo on loopback, or print its credentials:  python -m demo_api [credentials --json]."""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from demo_api.app import create_app
from demo_api.cast import credentials_document
from demo_api.database import open_database
from demo_api.greeting import credentials, greeting
from demo_api.serving import LOOPBACK, is_loopback, listen, origin_of

_LARGEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "credentials":
        origin = origin_of(options.host, options.port)
        print(
            json.dumps(credentials_document(origin), indent=2)
            if options.json
            else credentials(origin)
        )
        return 0
    if not is_loopback(options.host) and not options.i_know_this_is_a_demo:
        return _stop(
            2,
            f"others can reach {options.host}, and everybody knows the demo's secrets: "
            "say --i-know-this-is-a-demo if that is what you want",
        )
    return _serve(options.host, options.port, options.database)


def _serve(host: str, port: int, database: Path | None) -> int:
    try:
        listening = listen(host, port)
    except OSError as error:
        reason = (error.strerror or "no such address").partition(" (")[0]
        return _stop(
            1, f"cannot listen on {host} port {port}: {reason}. Try --port 0, any free one"
        )
    with listening, ExitStack() as afterwards:
        engine = open_database(database)
        afterwards.callback(engine.dispose)
        origin = origin_of(host, listening.getsockname()[1])
        try:
            app = create_app(origin, engine)
        except SQLAlchemyError:
            return _stop(1, f"{database} cannot hold a database: name another file")
        print(greeting(origin), flush=True)
        _tell_refusals()
        # uvicorn's access log would show every query, authorization codes included.
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        with suppress(KeyboardInterrupt):  # raised again once all is shut down
            uvicorn.Server(config).run(sockets=[listening])
    print("\nStopped.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo_api", description="Serve the demo, or print its credentials."
    )
    parser.add_argument("command", nargs="?", choices=["serve", "credentials"], default="serve")
    parser.add_argument("--host", default=LOOPBACK, help="address to bind (%(default)s)")
    parser.add_argument("--port", type=_port, default=8000, help="0 is any free one (%(default)s)")
    parser.add_argument("--database", type=Path, help="file that keeps the data; without it, none")
    parser.add_argument("--json", action="store_true", help="print the credentials for programs")
    parser.add_argument(
        "--i-know-this-is-a-demo",
        action="store_true",
        help="bind an address that others can reach, though everybody knows the secrets",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LARGEST_PORT}")
    return int(text)


def _tell_refusals() -> None:
    """Let the guard say on the terminal what it refuses and why; never a token or a claim."""
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("oauth_guard").setLevel(logging.INFO)


def _stop(status: int, message: str) -> int:
    print(f"stopped: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
