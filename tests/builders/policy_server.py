"""policy_server: a policy decision point on a port of its own, as strict as AuthZEN 1.0 allows."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

__all__ = ["PolicyServer", "policy_server"]

_METADATA = "/.well-known/authzen-configuration"
_EVALUATION = "/access/v1/evaluation"
_MEMBERS = {"subject": {"type", "id"}, "action": {"name"}, "resource": {"type", "id"}}


def _permits(evaluation: Mapping[str, Any]) -> Any:
    return evaluation["action"]["name"] == "GET"


@dataclass
class PolicyServer:
    """What the server decides, and what it has received.

    Attributes:
        url: Its address, which is its identifier.
        decide: Returns the decision about an evaluation.
        status: The status of responses to evaluations.
        body: The body of these responses; None for the decision.
        fields: The header fields of these responses.
        media_type: Their media type.
        metadata: The document at the well-known path; None for status 404.
        evaluations: The evaluations that it has received, without those of canaries.
        canaries: Those of canaries.
        headers: The header fields of each.
        faults: What was wrong with a request, by the standard; each was responded to with 400.
        silent: Whether evaluations get no response until `ended` is set.
        ended: Set when the server ends.
    """

    url: str = ""
    decide: Callable[[Mapping[str, Any]], Any] = _permits
    status: int = 200
    body: bytes | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    metadata: Mapping[str, Any] | None = None
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    canaries: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    silent: bool = False
    ended: Event = field(default_factory=Event)

    def respond(self, content_type: str, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the response to an evaluation."""
        fault = _fault(content_type, body)
        if fault is not None:
            self.faults.append(fault)
            return 400, json.dumps(fault).encode()
        evaluation = json.loads(body)
        is_canary = evaluation["resource"]["type"] == "oauth_guard"
        (self.canaries if is_canary else self.evaluations).append(evaluation)
        if self.body is not None or self.status != 200:
            return self.status, self.body or b'"an error"'
        decision = self.decide(evaluation)
        members = decision if isinstance(decision, dict) else {"decision": decision}
        return 200, json.dumps(members).encode()


def _fault(content_type: str, body: bytes) -> str | None:
    """Return what the standard does not allow in a request (§5, §6.1, §10.1); None if nothing."""
    evaluation = json.loads(body)
    faults = {
        "content type": content_type != "application/json",
        "members": evaluation.keys() - {"context"} != _MEMBERS.keys(),
        "null": "null" in body.decode(),
        "context": not isinstance(evaluation.get("context", {}), dict),
    }
    for name, required in _MEMBERS.items():
        entity = evaluation.get(name, {})
        faults[name] = not (
            entity.keys() - {"properties"} == required
            and all(isinstance(entity[each], str) and entity[each] for each in required)
            and isinstance(entity.get("properties", {}), dict)
        )
    return next((name for name, is_so in faults.items() if is_so), None)


class _Server(ThreadingHTTPServer):
    """A server with a state that its handlers read."""

    state: PolicyServer


class _Handler(BaseHTTPRequestHandler):
    """Responds as the state of its server says."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        metadata = self.server.state.metadata if self.path == _METADATA else None
        if metadata is None:
            self._send(404, "application/json", {}, b"{}")
        else:
            self._send(200, "application/json", {}, json.dumps(metadata).encode())

    def do_POST(self) -> None:
        state = self.server.state
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != _EVALUATION:
            self._send(404, "text/plain", {}, b"")
            return
        if state.silent:
            state.ended.wait(30)
        state.headers.append({name.lower(): value for name, value in self.headers.items()})
        status, response = state.respond(self.headers.get("content-type", ""), body)
        self._send(status, state.media_type, state.fields, response)

    def _send(self, status: int, media_type: str, fields: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def policy_server() -> Iterator[PolicyServer]:
    """Run the server in a thread."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    state = server.state = PolicyServer()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    state.metadata = {
        "policy_decision_point": state.url,
        "access_evaluation_endpoint": f"{state.url}{_EVALUATION}",
    }
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
