"""SERVICE_SCENES: messages to MCP servers."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import Guard, JWTIssuer
from oauth_guard.mcp import guarded
from oauth_guard.reasons import Reason
from tests.tools.reason_pages.scene import CURL, Prepare, Scene, bearer
from tests.tools.reason_pages.stage import API, Stage

_POST = f"{CURL} -H @headers.txt -d @message.json {API}/orders"
_CALL: Mapping[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "show"},
}
_SERVED = "`message.json` has the message, `headers.txt` the header fields that the client sends."


def _mcp(message: Any, *more: tuple[str, str]) -> Prepare:
    """Let the command send *message* to an MCP server of no package."""

    def prepare(stage: Stage) -> None:
        own = [*bearer(stage), ("Content-Type", "application/json"), *more]
        stage.write("headers.txt", "".join(f"{name}: {value}\n" for name, value in own))
        stage.write("message.json", json.dumps(message))
        guard = Guard(stage.url, [JWTIssuer(stage.issuer.issuer, audience=stage.api)])
        app = Starlette(routes=[Route("/orders", _result, methods=["POST"])])
        stage.application = guarded(app, guard, requires="orders:read", tools={"add": "write"})

    return prepare


async def _result(_: Request) -> JSONResponse:
    return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {}})


SERVICE_SCENES: Mapping[Reason, Scene] = {
    Reason.MALFORMED_MESSAGE: Scene(
        _POST, _mcp([_CALL, _CALL]), _mcp(_CALL), ("message.json",), _SERVED
    ),
    Reason.HEADER_MISMATCH: Scene(
        _POST,
        _mcp(_CALL, ("Mcp-Method", "tools/list")),
        _mcp(_CALL, ("Mcp-Method", "tools/call")),
        ("headers.txt", "message.json"),
        _SERVED,
    ),
}
"""The scene of each reason that the message to an MCP server decides."""
