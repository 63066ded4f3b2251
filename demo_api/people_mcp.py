"""PeopleTools: the people as an MCP server, whose tools are the operations of the API."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.applications import Starlette

from demo_api.adding import NotAddedError, add_employee
from demo_api.people import Access, Employee, People
from demo_api.schemas import Line, NewEmployee
from oauth_guard import Guard, OAuthGuardMiddleware, current_identity
from oauth_guard.mcp import guarded

#: The path of the MCP endpoint; with the origin before it, the resource of its tokens.
MCP = "/mcp"
#: What each tool requires beside `read`; the others require nothing more.
WRITING: Mapping[str, str] = {"add_person": "write", "remove_person": "write"}

#: The page of the MCP Inspector, which runs in a browser on this machine.
_INSPECTOR = ("http://localhost:6274", "http://127.0.0.1:6274")
_NOT_FOUND = "There is no such person, or none that you may see."
_READS = ToolAnnotations(read_only_hint=True)
_Number = Annotated[int, Field(ge=0, lt=10**18, description="The number of the person")]


def people_mcp(people: People, origin: str, *, stateless: bool = False) -> Starlette:
    """Return the MCP server at *origin*, whose lifespan must run; `guard_people_mcp` guards it.

    *stateless* serves without sessions, which belong to one process.
    """
    tools, server = PeopleTools(people), MCPServer("people", version="1")
    for tool in (tools.list_people, tools.show_person):
        server.tool(annotations=_READS)(tool)
    for change in (tools.add_person, tools.remove_person):
        server.tool()(change)
    # The package checks the field Host itself if the host is one of loopback.
    host = urlsplit(origin).hostname or ""
    return server.streamable_http_app(streamable_http_path=MCP, stateless_http=stateless, host=host)


def guard_people_mcp(server: Starlette, guard: Guard) -> OAuthGuardMiddleware:
    """Return *server* inside *guard*: every request requires `read`, some tools `write` too."""
    return guarded(server, guard, requires="read", tools=WRITING, cors=_INSPECTOR)


class PeopleTools:
    """The tools. They query the database, so they are not async: the package uses threads."""

    def __init__(self, people: People) -> None:
        """Serve *people*."""
        self._people = people

    def list_people(self) -> list[dict[str, str | int]]:
        """List the people that you may see."""
        return [_record(each) for each in self._people.everyone(self._access())]

    def show_person(self, number: _Number) -> dict[str, str | int]:
        """Show one of the people that you may see."""
        found = self._people.find(self._access(), number)
        if found is None:
            raise ToolError(_NOT_FOUND)
        return _record(found)

    def add_person(
        self, name: Line, title: Line, organisation: Line | None = None
    ) -> dict[str, str | int]:
        """Add a person to your organisation; name the organisation if you see several."""
        new = NewEmployee(name=name, title=title, organisation=organisation)
        try:
            return _record(add_employee(self._people, self._access(), new))
        except NotAddedError as error:
            raise ToolError(str(error)) from None

    def remove_person(self, number: _Number) -> str:
        """Remove one of the people that you may see."""
        if not self._people.remove(self._access(), number):
            raise ToolError(_NOT_FOUND)
        return "removed"

    def _access(self) -> Access:
        caller = current_identity()
        return self._people.access_of(caller.issuer or "", caller.subject or "")


def _record(employee: Employee) -> dict[str, str | int]:
    return {
        "number": employee.id,
        "name": employee.name,
        "title": employee.title,
        "organisation": employee.organisation,
    }
