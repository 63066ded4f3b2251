"""Walk the guided tour, a client before the demo:  python -m demo_api.clients."""

import argparse
import sys
from collections.abc import Sequence

import httpx

from demo_api.greeting import DEFAULT_ORIGIN
from demo_api.tour import Tour, UnexpectedAnswerError, expect
from demo_api.transcript import Transcript

_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk the tour; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo_api.clients", description="Walk through the demo as a client would."
    )
    parser.add_argument("--origin", default=DEFAULT_ORIGIN, help="where it runs (%(default)s)")
    origin = parser.parse_args(arguments).origin.rstrip("/")
    show = Transcript().hooks
    # A proxy that the environment names is for the internet, not for this machine.
    settings = {"base_url": origin, "timeout": _SECONDS, "trust_env": False}
    try:
        expect(200, httpx.get(f"{origin}/health", timeout=_SECONDS, trust_env=False))
        with (
            httpx.Client(**settings, event_hooks=show("client")) as client,
            httpx.Client(**settings, event_hooks=show("browser")) as browser,
        ):
            Tour(client, browser, origin).walk()
    except (httpx.TransportError, httpx.InvalidURL):
        return _stop(f"nobody answers at {origin}: start the demo with  sh demo_api/run")
    except UnexpectedAnswerError as error:
        return _stop(f"{error}: is it this demo that runs at {origin}?")
    return 0


def _stop(message: str) -> int:
    print(f"stopped: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
