"""Run the demo on loopback, or print its credentials:  python -m demo_api [credentials --json]."""

import argparse
import json
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from demo_api.accounts import credentials_document
from demo_api.client_app import create_client_app
from demo_api.greeting import credentials, greeting
from demo_api.guide import Guide, start_building
from demo_api.resources import loopback_origin, loopback_resource
from demo_api.serving import LOOPBACK, is_loopback, listen, origin_of
from demo_api.setup import Setup
from demo_api.workers import log_rejections, serve, serve_by_workers, served_beside
from oauth_guard import ConfigurationError

_LARGEST_PORT = 65535
_MOST_WORKERS = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments*; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "credentials":
        origin = origin_of(options.host, options.port)
        client_origin = origin_of(options.host, _client_port(options))
        print(
            json.dumps(credentials_document(origin, client_origin), indent=2)
            if options.json
            else credentials(origin, client_origin)
        )
        return 0
    if not is_loopback(options.host) and not options.i_know_this_is_a_demo:
        return _stop(
            2,
            f"{options.host} is reachable by others, and the demo's secrets are public: "
            "add --i-know-this-is-a-demo to serve it all the same",
        )
    if options.workers > 1 and options.database is None:
        return _stop(2, "workers share their data in a file: add --database PATH")
    if options.client_documents and not is_loopback(options.host):
        return _stop(2, "--client-documents reaches this machine's servers: leave out --host")
    if options.redis and not options.opaque:
        return _stop(2, "--redis stores introspection results of opaque tokens: add --opaque")
    return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    host = options.host
    with ExitStack() as cleanup:
        try:
            listener, for_client = _listeners(options, cleanup)
        except _PortError as error:
            return _stop(1, str(error))
        origin = origin_of(host, listener.getsockname()[1])
        client_origin = origin_of(host, for_client.getsockname()[1])
        guide = Guide()
        setup = _setup(options, origin, client_origin, guide)
        log_rejections()  # first, since the package mcp sets up a log too, unless there is one
        engine = setup.open_database()
        cleanup.callback(engine.dispose)
        try:
            app = setup.application(engine)  # with workers too: it reports errors here
        except SQLAlchemyError:
            return _stop(1, f"{options.database} is not usable as a database: name another file")
        except ConfigurationError:
            return _stop(2, "--redis needs a URL like redis://127.0.0.1:6379/0")
        cleanup.enter_context(served_beside(create_client_app(origin, client_origin), for_client))
        print(
            greeting(origin, client_origin, guide=start_building(guide), opaque=options.opaque),
            flush=True,
        )
        if options.workers == 1:
            serve(app, listener)
        else:
            serve_by_workers(setup, listener, options.workers)
    print("\nStopped.")
    return 0


def _setup(options: argparse.Namespace, origin: str, client_origin: str, guide: Guide) -> Setup:
    return Setup(
        origin,
        client_origin,
        options.database,
        options.opaque,
        options.redis,
        controls=options.workers == 1,
        guide=guide,
        resources=tuple(options.resource),
        client_documents=tuple(options.client_documents),
    )


class _PortError(Exception):
    """An address can't be bound; the message says what to do."""


def _listeners(options: argparse.Namespace, cleanup: ExitStack) -> list[socket.socket]:
    """Return the sockets of the API and of the client application."""
    sockets = []
    for option, port in (("--port", options.port), ("--client-port", _client_port(options))):
        try:
            sockets.append(cleanup.enter_context(listen(options.host, port)))
        except OSError as error:
            reason = (error.strerror or "no such address").partition(" (")[0]
            raise _PortError(
                f"cannot listen on {options.host} port {port}: {reason}. "
                f"Use {option} 0 for any free port"
            ) from None
    return sockets


def _client_port(options: argparse.Namespace) -> int:
    """Return the port of the client application: by default the one after the API's."""
    if options.client_port is not None:
        return int(options.client_port)
    return options.port + 1 if 0 < options.port < _LARGEST_PORT else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo_api", description="Serve the demo, or print its credentials."
    )
    parser.add_argument("command", nargs="?", choices=["serve", "credentials"], default="serve")
    parser.add_argument("--host", default=LOOPBACK, help="address to bind (%(default)s)")
    parser.add_argument("--port", type=_port, default=8000, help="0: any free port (%(default)s)")
    parser.add_argument(
        "--client-port", type=_port, help="port of the client application (default: the next)"
    )
    parser.add_argument("--database", type=Path, help="file for the data (default: in memory)")
    parser.add_argument(
        "--opaque", action="store_true", help="issue opaque tokens, which the API introspects"
    )
    _add_servers_of_yours(parser)
    parser.add_argument("--redis", metavar="URL", help="share results and used proofs (--opaque)")
    parser.add_argument(
        "--workers", type=_workers, default=1, help="number of processes (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the credentials as JSON")
    parser.add_argument(
        "--i-know-this-is-a-demo",
        action="store_true",
        help="bind an address that others can reach, although the secrets are public",
    )
    return parser


def _add_servers_of_yours(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resource",
        type=_resource,
        action="append",
        default=[],
        metavar="URL",
        help="issue tokens for this server of yours on this machine too; may be repeated",
    )
    parser.add_argument(
        "--client-documents",
        type=_origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let this server of yours on this machine describe clients; may be repeated",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LARGEST_PORT}")
    return int(text)


def _resource(text: str) -> str:
    try:
        return loopback_resource(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "a resource is a URL like http://127.0.0.1:9000, of this machine and without a fragment"
        ) from None


def _origin(text: str) -> str:
    try:
        return loopback_origin(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "it is an origin like http://127.0.0.1:9000, of this machine and without a path"
        ) from None


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"the number of workers is from 1 to {_MOST_WORKERS}")
    return int(text)


def _stop(status: int, message: str) -> int:
    print(f"stopped: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
