"""Run the demo on loopback, or print its credentials:  python -m demo_api [credentials --json]."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from demo_api.cast import credentials_document
from demo_api.greeting import credentials, greeting
from demo_api.serving import LOOPBACK, is_loopback, listen, origin_of
from demo_api.setup import Setup
from demo_api.workers import serve, serve_by_workers
from oauth_guard import ConfigurationError

_LARGEST_PORT = 65535
_MOST_WORKERS = 64


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
    if options.workers > 1 and options.database is None:
        return _stop(2, "workers share their data: say --database PATH too")
    if options.redis and not options.opaque:
        return _stop(2, "there is nothing to share of tokens that are signed: say --opaque too")
    return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    host, port = options.host, options.port
    try:
        listening = listen(host, port)
    except OSError as error:
        reason = (error.strerror or "no such address").partition(" (")[0]
        return _stop(
            1, f"cannot listen on {host} port {port}: {reason}. Try --port 0, any free one"
        )
    with listening, ExitStack() as afterwards:
        origin = origin_of(host, listening.getsockname()[1])
        setup = Setup(origin, options.database, options.opaque, options.redis)
        engine = setup.open_database()
        afterwards.callback(engine.dispose)
        try:
            app = setup.application(engine)  # also for workers, to tell here what is wrong
        except SQLAlchemyError:
            return _stop(1, f"{options.database} cannot hold a database: name another file")
        except ConfigurationError:
            return _stop(2, "--redis is a URL like redis://127.0.0.1:6379/0")
        print(greeting(origin, opaque=options.opaque), flush=True)
        if options.workers == 1:
            serve(app, listening)
        else:
            serve_by_workers(setup, listening, options.workers)
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
    parser.add_argument(
        "--opaque", action="store_true", help="issue opaque tokens, and ask about each of them"
    )
    parser.add_argument("--redis", metavar="URL", help="share what was asked about opaque tokens")
    parser.add_argument(
        "--workers", type=_workers, default=1, help="processes that serve (%(default)s)"
    )
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


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"workers are a number from 1 to {_MOST_WORKERS}")
    return int(text)


def _stop(status: int, message: str) -> int:
    print(f"stopped: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
