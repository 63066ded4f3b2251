"""LocalDecisionPoint: a policy decision point without network (AuthZEN Authorization API 1.0)."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import httpx

__all__ = ["DecideFunction", "LocalDecisionPoint"]

DecideFunction: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""Returns the decision about an evaluation: see `LocalDecisionPoint`."""

_NO_POLICIES: Mapping[str, bool] = MappingProxyType({})


class LocalDecisionPoint:
    """A policy decision point that decides by a table or a function of the test.

    ::

        policies = LocalDecisionPoint({"order": True})
        with trusting(guard, oauth_issuer, policies=policies):
            assert client.get("/orders/42", headers=oauth_issuer.headers()).is_success

    Pass its `http` to a decision point that a test builds itself:
    `PolicyDecisionPoint(policies.url, http=policies.http)`.

    A function receives the evaluation as the guard sends it (AuthZEN 1.0 §6.1), with the members
    `subject`, `action`, `resource` and perhaps `context`. It returns a boolean; or the members of
    the response, such as `{"decision": False, "context": {...}}`; or an `httpx.Response`, for an
    outage. Another value is sent as the `decision`, unchanged. It may raise an `httpx.HTTPError`.
    Who sends an evaluation is not checked.

    Args:
        decide: For the name of each policy a boolean or a function; a policy that is not named
            denies. Or one function for all of them.

    Attributes:
        decide: The same; tests may change it.
        evaluations: The evaluations that were received, in order.
        url: Its identifier.
        http: The `httpx.AsyncClient` that sends requests to it.
    """

    def __init__(
        self, decide: DecideFunction | Mapping[str, bool | DecideFunction] = _NO_POLICIES
    ) -> None:
        self.decide = decide
        self.evaluations: list[dict[str, Any]] = []
        self.url = "https://pdp.test"
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self.respond))

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the response to a request. There is no metadata: any POST is an evaluation."""
        if request.method != "POST":
            return httpx.Response(404)
        evaluation = json.loads(request.content)
        self.evaluations.append(evaluation)
        decide: Any = self.decide
        if isinstance(decide, Mapping):
            decide = decide.get(evaluation["resource"]["type"], False)
        decision = decide(evaluation) if callable(decide) else decide
        if isinstance(decision, httpx.Response):
            return decision
        members = decision if isinstance(decision, Mapping) else {"decision": decision}
        return httpx.Response(200, json=members)
