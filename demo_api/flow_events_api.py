"""flow_events_route(): the API's route over the events of one flow."""

from dataclasses import asdict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo_api.flow_events import FlowEvents, flow_of
from oauth_guard.starlette import requires

SCOPE = "events:read"


def flow_events_route(events: FlowEvents) -> Route:
    """Return the route, relative to the resource; it must be wrapped in a guard."""

    @requires(SCOPE)
    def of_flow(request: Request) -> Response:
        flow = flow_of(request.path_params["flow"])
        after = request.query_params.get("after", "0")
        if flow is None or not (after.isascii() and after.isdecimal() and len(after) <= 18):  # noqa: PLR2004 - digits of a 64-bit number
            raise HTTPException(404, "There is no such flow.")
        return JSONResponse(
            {
                "events": [
                    {"number": number, **asdict(event)}
                    for number, event in events.of(flow, int(after))
                ]
            }
        )

    return Route("/events/{flow}", of_flow, methods=["GET"])
