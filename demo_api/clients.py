"""Run the guided tour of the demo as a client:  python -m demo_api.clients."""

import argparse
import sys
from collections.abc import Sequence

import httpx

from demo_api.greeting import DEFAULT_ORIGIN
from demo_api.tour import Tour, UnexpectedResponseError, expect
from demo_api.tour_output import TourOutput

_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tour; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo_api.clients",
        description="Run the guided tour of the demo.",
    )
    parser.add_argument("--origin", default=DEFAULT_ORIGIN, help="origin of the demo (%(default)s)")
    origin = parser.parse_args(arguments).origin.rstrip("/")
    show = TourOutput().hooks
    # A proxy named in the environment serves the Internet, not this machine.
    settings = {"base_url": origin, "timeout": _SECONDS, "trust_env": False}
    try:
        expect(200, httpx.get(f"{origin}/health", timeout=_SECONDS, trust_env=False))
        with (
            httpx.Client(**settings, event_hooks=show("client")) as client,
            httpx.Client(**settings, event_hooks=show("browser")) as browser,
        ):
            Tour(client, browser, origin).run()
    except (httpx.TransportError, httpx.InvalidURL):
        return _stop(f"no server at {origin}: start the demo with  sh demo_api/run")
    except UnexpectedResponseError as error:
        return _stop(f"{error}: check that this demo runs at {origin}")
    return 0


def _stop(message: str) -> int:
    print(f"stopped: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
