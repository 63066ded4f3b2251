"""policy_server: a policy decision point on a port of its own, as strict as AuthZEN 1.0 allows."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any

import httpx

from oauth_guard.testing import LocalDecisionPoint
from tests.builders.http_server import responding

__all__ = ["PolicyServer", "policy_server"]

_METADATA = "/.well-known/authzen-configuration"
_EVALUATION = "/access/v1/evaluation"
_MEMBERS = {"subject": {"type", "id"}, "action": {"name"}, "resource": {"type", "id"}}


def _permits(evaluation: Mapping[str, Any]) -> Any:
    return evaluation["action"]["name"] == "GET"


class PolicyServer(LocalDecisionPoint):
    """What the server decides, and what it has received.

    Attributes:
        status: The status of responses to evaluations.
        body: The body of these responses; None for the decision.
        fields: The header fields of these responses.
        media_type: Their media type.
        metadata: The document at the well-known path; None for status 404.
        canaries: The evaluations of canaries, which are not among the others.
        headers: The header fields of each.
        faults: What was wrong with a request, by the standard; each was responded to with 400.
        silent: Whether evaluations get no response until `ended` is set.
        ended: Set when the server ends.
    """

    def __init__(self) -> None:
        super().__init__(_permits)
        self.status = 200
        self.body: bytes | None = None
        self.fields: Mapping[str, str] = {}
        self.media_type = "application/json"
        self.metadata: Mapping[str, Any] | None = None
        self.canaries: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.faults: list[str] = []
        self.silent = False
        self.ended = Event()

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the metadata, or the response to an evaluation."""
        if request.url.path == _METADATA and self.metadata is not None:
            return httpx.Response(200, json=self.metadata)
        if (request.method, request.url.path) != ("POST", _EVALUATION):
            return httpx.Response(404)
        if self.silent:
            self.ended.wait(30)
        self.headers.append(dict(request.headers))
        if (fault := _fault(request)) is not None:
            self.faults.append(fault)
            return httpx.Response(400, json=fault)
        response = super().respond(request)
        if self.evaluations[-1]["resource"]["type"] == "oauth_guard":
            self.canaries.append(self.evaluations.pop())
        body = self.body
        if body is None:
            body = response.content if self.status == 200 else b'"an error"'
        response = httpx.Response(self.status, content=body)
        response.headers.update({"content-type": self.media_type, **self.fields})
        return response


def _fault(request: httpx.Request) -> str | None:
    """Return what the standard does not allow in a request (§5, §6.1, §10.1); None if nothing."""
    evaluation = json.loads(request.content)
    faults = {
        "content type": request.headers.get("content-type") != "application/json",
        "members": evaluation.keys() - {"context"} != _MEMBERS.keys(),
        "null": b"null" in request.content,
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


@contextmanager
def policy_server() -> Iterator[PolicyServer]:
    """Run the server in a thread."""
    server = PolicyServer()
    with responding(server.respond) as server.url:
        server.metadata = {
            "policy_decision_point": server.url,
            "access_evaluation_endpoint": f"{server.url}{_EVALUATION}",
        }
        try:
            yield server
        finally:
            server.ended.set()
