"""SERVICE_SCENES: messages to MCP servers and over WebSockets, and decisions about policies."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets import ConnectionClosed, Subprotocol
from websockets.sync.client import connect

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.issuers.policy_decision_point import AccessEvaluation, PolicyDecisionPoint
from oauth_guard.mcp import guarded
from oauth_guard.reasons import Reason
from tests.tools.reason_pages.scene import CURL, Prepare, Scene, bearer, send_token
from tests.tools.reason_pages.stage import API, ISSUER, Stage

_PATH = "/access/v1/evaluation"
_EVALUATE = f"""curl -s -H 'Content-Type: application/json' -d @evaluation.json \\
    {ISSUER}{_PATH}"""
_POST = f"{CURL} -H @headers.txt -d @message.json {API}/orders"
_FUNCTION = "python3 -c 'import policy; print(policy.owner(\"/orders/7\"))' 2>&1 | tail -n 1"
_CALL: Mapping[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "show"},
}
_SERVED = "`message.json` has the message, `headers.txt` the header fields that the client sends."
_DECIDED = "`evaluation.json` has what the guard sends; the address is that of the decision point."
_OWNERS = "OWNERS = {{{}}}\n\ndef owner(path):\n    return OWNERS[path]\n"


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


def _decision(
    members: Mapping[str, Any], owners: str = '"/orders": "u1", "/orders/7": "u1"'
) -> Prepare:
    """Send a request to a route with a policy, where the decision point responds with *members*."""

    def prepare(stage: Stage) -> int:
        stage.write("policy.py", _OWNERS.format(owners))
        local = stage.issuer

        def respond(request: httpx.Request) -> httpx.Response:
            if request.content:  # what the guard sends, and then the reader
                stage.write("evaluation.json", request.content.decode())
            documents = {_PATH: members, "/jwks": local.jwks}
            return httpx.Response(200, json=documents.get(request.url.path, local.metadata))

        local.outage = respond
        decisions = PolicyDecisionPoint(
            local.issuer,
            endpoint=f"{local.issuer}{_PATH}",
            map_evaluation=lambda evaluation, *_: _with_owner(stage, evaluation),
        )
        stage.serve(policy_decision_point=decisions, route={"policy": "order"})
        return send_token(stage, local.token("orders:read"))

    return prepare


def _with_owner(stage: Stage, evaluation: AccessEvaluation) -> AccessEvaluation:
    """Return *evaluation*, after the owner was looked up as the reader's function does."""
    names: dict[str, Any] = {}
    exec((stage.folder / "policy.py").read_text(encoding="utf-8"), names)  # noqa: S102 - our own
    names["owner"]("/orders/7")
    return evaluation


def _graphql(kind: str) -> Prepare:
    """Open a WebSocket of GraphQL, and send a first message of this type."""

    def prepare(stage: Stage) -> int:
        methods = ["header", "graphql-connection-init"]
        guard = Guard(stage.api, [JWTIssuer(stage.issuer.issuer)], bearer_methods=methods)
        app = Starlette(routes=[WebSocketRoute("/orders", _subscribe)])
        stage.application = OAuthGuardMiddleware(app, guard)
        token = stage.issuer.token("orders:read")
        message = json.dumps({"type": kind, "payload": {"Authorization": f"Bearer {token}"}})
        stage.write("message.json", message)
        address = stage.url.replace("http:", "ws:")
        with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            socket.send(message)
            try:
                return 200 if "connection_ack" in str(socket.recv()) else 400
            except ConnectionClosed:
                return 400

    return prepare


async def _subscribe(websocket: WebSocket) -> None:
    await websocket.accept("graphql-transport-ws")
    await websocket.receive_json()
    await websocket.send_json({"type": "connection_ack"})
    await websocket.close()


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
    Reason.NO_CONNECTION_INIT: Scene(
        "python3 -c 'import json; print(json.loads(input())[\"type\"])' < message.json",
        _graphql("subscribe"),
        _graphql("connection_init"),
        ("message.json",),
        "`message.json` has the first message that the client sends, on one line.",
    ),
    Reason.POLICY_DENIED: Scene(
        _EVALUATE,
        _decision({"decision": False}),
        _decision({"decision": True}),
        ("evaluation.json",),
        _DECIDED,
    ),
    Reason.POLICY_OBLIGATION: Scene(
        _EVALUATE,
        _decision({"decision": True, "context": {"obligations": [{"id": "notify"}]}}),
        _decision({"decision": True}),
        ("evaluation.json",),
        _DECIDED,
    ),
    Reason.POLICY_FUNCTION: Scene(
        _FUNCTION,
        _decision({"decision": True}, owners=""),
        _decision({"decision": True}),
        ("policy.py",),
        "`policy.py` has what the function of `map_evaluation=` calls.",
    ),
}
"""The scene of each reason that a message or a policy decides."""
