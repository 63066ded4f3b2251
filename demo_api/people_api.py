"""people_routes(): the API over the people, one route for each feature of the guard."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from demo_api.adding import NotAddedError, add_employee
from demo_api.people import Access, Employee, People
from demo_api.schemas import NewEmployee, WhoAmI
from oauth_guard import Identity
from oauth_guard.starlette import requires

#: How long ago the sign-in of a person who removes an employee may be.
RECENT_SECONDS = 60

#: The members of a dimension that describes no employee of the roster.
GENDERS = ["Female", "Male", "Undisclosed"]

_NOT_FOUND = "There is no such employee, or none that you may see."


def people_routes(people: People) -> Sequence[BaseRoute]:
    """Return the routes, relative to the resource; they must be wrapped in a guard."""
    api = PeopleAPI(people)
    return [
        Route("/me", api.me),
        Route("/data/employees", api.everyone, methods=["GET"]),
        Route("/data/employees", api.add, methods=["POST"]),
        Route("/data/employees/{number}", api.one, methods=["GET"]),
        Route("/data/employees/{number}", api.remove, methods=["DELETE"]),
        Route("/data/headcount", api.headcount),
        Route("/data/model/analytic-objects/Employee/dimensions/{dimension}/members", api.members),
        WebSocketRoute("/data/live", api.live),
    ]


class PeopleAPI:
    """The endpoints.

    The guard authenticates the caller before any of them runs; `requires` authorizes the caller.
    Endpoints that query the database are not async, so they run in a thread.
    """

    def __init__(self, people: People, seconds_between_ticks: float = 1) -> None:
        """Serve *people*."""
        self._people = people
        self._pause = seconds_between_ticks

    def me(self, request: Request) -> Response:
        """Return the caller; any valid token suffices."""
        caller: Identity = request.user
        member = self._people.member(caller.issuer or "", caller.subject or "")
        return JSONResponse(WhoAmI.of(caller, member).model_dump())

    @requires("read")
    def everyone(self, request: Request) -> Response:
        """List the employees that the caller may see."""
        employees = self._people.everyone(self._access(request.user))
        return JSONResponse({"employees": [_record(each) for each in employees]})

    @requires("read")
    def one(self, request: Request) -> Response:
        """Show one of them."""
        employee = self._people.find(self._access(request.user), _number(request))
        if employee is None:
            raise HTTPException(404, _NOT_FOUND)
        return JSONResponse(_record(employee))

    @requires("write")
    async def add(self, request: Request) -> Response:
        """Add an employee to an organisation that the caller may see."""
        new = await NewEmployee.read(request)
        employee = await run_in_threadpool(self._add, request.user, new)
        address = f"{request.scope['path']}/{employee.id}"
        return JSONResponse(_record(employee), 201, {"Location": address})

    @requires("write", max_age=RECENT_SECONDS)
    def remove(self, request: Request) -> Response:
        """Remove an employee that the caller may see; the caller signed in recently (RFC 9470)."""
        if not self._people.remove(self._access(request.user), _number(request)):
            raise HTTPException(404, _NOT_FOUND)
        return Response(status_code=204)

    @requires("read")
    def members(self, request: Request) -> Response:
        """List the members of a dimension, as the clients of one vendor expect it."""
        dimension = request.path_params["dimension"]
        known = {"Gender": GENDERS, "Organisation": sorted(self._headcount(request.user))}
        if dimension not in known:
            raise HTTPException(404, f"The dimensions are: {', '.join(known)}.")
        return JSONResponse({"members": [_member(dimension, each) for each in known[dimension]]})

    @requires("read", binding="dpop")
    def headcount(self, request: Request) -> Response:
        """Count the employees that the caller may see, for a token that is bound to a key."""
        return JSONResponse({"headcount": self._headcount(request.user)})

    @requires("read")
    async def live(self, websocket: WebSocket) -> None:
        """Send the headcount of the organisations that the caller may see, every second."""
        await websocket.accept()
        try:
            while True:
                headcount = await run_in_threadpool(self._headcount, websocket.user)
                await websocket.send_json({"headcount": headcount})
                await asyncio.sleep(self._pause)
        except WebSocketDisconnect:
            return

    def _access(self, caller: Identity) -> Access:
        return self._people.access_of(caller.issuer or "", caller.subject or "")

    def _headcount(self, caller: Identity) -> dict[str, int]:
        return self._people.headcount(self._access(caller))

    def _add(self, caller: Identity, new: NewEmployee) -> Employee:
        try:
            return add_employee(self._people, self._access(caller), new)
        except NotAddedError as error:
            raise HTTPException(error.status, str(error)) from None


def _number(request: Request) -> int:
    """Return the number in the path; one of more than 18 digits is 404."""
    number: str = request.path_params["number"]
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise HTTPException(404, _NOT_FOUND)
    return int(number)


def _record(employee: Employee) -> dict[str, str | int]:
    return {
        "id": employee.id,
        "name": employee.name,
        "title": employee.title,
        "organisation": employee.organisation,
    }


def _member(dimension: str, name: str) -> dict[str, Any]:
    return {
        "fullName": f"{dimension}.{name}",
        "displayName": name,
        "level": 0,
        "path": [name],
        "displayNamePath": [name],
    }
