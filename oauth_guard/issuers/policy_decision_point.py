"""PolicyDecisionPoint: requests access decisions, and caches them (AuthZEN 1.0)."""

import inspect
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import NoReturn, TypeAlias

from oauth_guard.errors import (
    ConfigurationError,
    InsufficientScope,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.http.fetcher import JSON, Fetcher, HTTPClient, HTTPResult
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.client_auth import ClientAuthentication
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from oauth_guard.issuers.policy_metadata import EVALUATION, PolicyMetadata
from oauth_guard.issuers.policy_settings import check_client, check_urls
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.access_evaluation import (
    AccessEvaluation,
    Action,
    Decision,
    Entity,
    read_decision,
)
from oauth_guard.protocol.access_target import AccessTarget, default_evaluation
from oauth_guard.protocol.freshness import freshness
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.measurements import Measurement
from oauth_guard.protocol.mismatch import shown
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.settings import Seconds, checked_settings, in_seconds
from oauth_guard.protocol.urls import origins_of
from oauth_guard.single_flight import Singleflight
from oauth_guard.ttl_cache import TTLCache

__all__ = ["AccessEvaluation", "Action", "Entity", "EvaluationFunction", "PolicyDecisionPoint"]

EvaluationFunction: TypeAlias = Callable[
    [AccessEvaluation, Identity, ResourceRequest], AccessEvaluation
]
"""Returns the evaluation to request, from the default one, the caller and the request."""

_Outcome: TypeAlias = Decision | IssuerUnavailable

_OK, _REFUSALS = 200, {401, 403}
_MAX_SECONDS = 300


@checked_settings
class PolicyDecisionPoint:
    """A policy decision point, which decides about requests (AuthZEN Authorization API 1.0).

    `Guard(..., policy_decision_point=PolicyDecisionPoint("https://pdp.example.com", client=...))`;
    then a route with `requires(policy="order")` admits only callers that it permits. It is
    requested once the token satisfies everything else that the route requires. The caller is
    the subject, the HTTP method the action, and the path the resource, whose type is the name of
    the policy: see `default_subject` and `target_of`. Concurrent requests for one decision share
    a single one.

    Only the response 200 with `decision: true` permits. `decision: false` is 403. Everything else
    is an outage, which is 503: another status, no response in two seconds, no JSON, a decision
    that is no boolean. While requests fail, few are sent: see `EndpointClient`. A permission
    under `obligations` is 403, since none is performed.

    A decision is cached for the subject, action, resource and context that were sent, in this
    process: for the `max-age` of the response, 300 s at most; for `cache_for` if the response
    has none; and not at all with `no-store` or `no-cache`. At most 10,000 are cached.

    Does not send the token, nor claims other than those that `default_subject` names.

    Args:
        url: Its identifier. The endpoint is found in its metadata, at
            `/.well-known/authzen-configuration`, or else at `/access/v1/evaluation` below it.
        client: How this API authenticates: `ClientSecretBasic`, `BearerToken`, or `MutualTLS`
            with `http=`. None for a decision point that accepts every sender.
        endpoint: The URL of the evaluation endpoint, if it is not taken from the metadata.
        map_evaluation: Changes what is sent: an `EvaluationFunction`. If it raises, the response
            is 503; a `RequestRejected` of its own is sent instead.
        cache_for: Seconds for which a decision without a `max-age` is cached.
        http: The client for up to 64 concurrent requests; by default one that this library
            creates.
        insecure_http: Accept http for hosts that are not loopback, inside a private network.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: A setting is wrong; the message says what to write instead.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        url: str,
        *,
        client: ClientAuthentication | None = None,
        endpoint: str | None = None,
        map_evaluation: EvaluationFunction | None = None,
        cache_for: Seconds = 0,
        http: HTTPClient | None = None,
        insecure_http: bool = False,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        check_urls(url, endpoint, insecure_http=insecure_http)
        check_client(client, http)
        if inspect.iscoroutinefunction(map_evaluation):
            raise ConfigurationError("map_evaluation= takes a function that is not async.")
        self._cache_for = in_seconds(cache_for)
        if not 0 <= self._cache_for <= _MAX_SECONDS:
            raise ConfigurationError(f"cache_for= is from 0 to {_MAX_SECONDS} seconds.")
        self.url, self._client, self._map = url, client, map_evaluation
        fetcher = Fetcher(url, http, origins_of(url, endpoint))
        found = PolicyMetadata(url, fetcher, endpoint, insecure_http=insecure_http)
        self._endpoint = EndpointClient(EVALUATION, found, fetcher, self._canary, clock=monotonic)
        self._clock, self._log = clock, LogLimit(monotonic)
        self._decisions: TTLCache[Decision] = TTLCache(clock=monotonic)
        self._evaluations: Singleflight[bytes, _Outcome] = Singleflight(
            closed=IssuerUnavailable(url, Reason.UNREACHABLE)
        )
        self._requested = self._cached = 0

    def __repr__(self) -> str:
        return f"PolicyDecisionPoint({self.url!r}, client={self._client!r})"

    async def check(
        self,
        policy: str,
        identity: Identity,
        target: AccessTarget,
        request: ResourceRequest,
        resource: str,
    ) -> None:
        """Raise unless the decision point permits *identity* to do what *target* says.

        Args:
            policy: The name of the policy.
            identity: The caller.
            target: The action and the resource.
            request: The request, for `map_evaluation`.
            resource: The URI of the guarded API.

        Raises:
            InsufficientScope: It does not permit that, or the token names no subject.
            IssuerUnavailable: It can't be reached, or its response can't be used.
            RequestRejected: `map_evaluation` has raised it, or the path is ambiguous.
        """
        evaluation, body = self._evaluation(policy, identity, target, request, resource)
        key = sha256(body).digest()
        outcome: _Outcome | None = self._decisions.get(key)
        if outcome is None:
            attempt = partial(self._evaluate, policy, evaluation, body, key)
            outcome = await self._evaluations.run(key, attempt)
        else:
            self._cached += 1
        if isinstance(outcome, IssuerUnavailable):
            _raise_copy(outcome)
        if outcome.reason is not None:
            raise InsufficientScope(outcome.reason).about(policy=shown(policy))

    async def permits_random_subject(self) -> bool:
        """Request a decision about a random subject, to learn whether decisions can be had.

        Returns:
            Whether it is permitted, as every caller may be then. Nothing is cached.

        Raises:
            IssuerUnavailable: The decision point can't be reached, or its response can't be used.
        """
        evaluation = _random_evaluation()
        body = evaluation.to_json()
        result, _ = await self._endpoint.post(body.decode(), partial(self._request, body))
        return self._read(result, evaluation).reason is None

    def measurements(self) -> Iterator[Measurement]:
        """Yield the requests sent and in progress, the decisions reused, and whether it is down."""
        for each in self._endpoint.measurements():
            yield each._replace(name=_MEASURED[each.name], issuer=self.url)
        yield Measurement("policy_evaluations", self._requested, self.url)
        yield Measurement("policy_decisions_reused", self._cached, self.url)

    async def load(self) -> None:
        """Start to find the endpoint, in the background."""
        self._endpoint.start()

    async def aclose(self) -> None:
        """Close connections, and stop requests that are in progress."""
        await self._evaluations.aclose()
        await self._endpoint.aclose()

    def _evaluation(
        self,
        policy: str,
        identity: Identity,
        target: AccessTarget,
        request: ResourceRequest,
        resource: str,
    ) -> tuple[AccessEvaluation, bytes]:
        """Return what to send, and as JSON."""
        evaluation = default_evaluation(policy, identity, target, resource)
        if self._map is None:
            return evaluation, evaluation.to_json()
        try:
            mapped = self._map(evaluation, identity, request)
            return mapped, _to_json(mapped)
        except MissingCredentials:  # there are some: the caller must not pass as anonymous
            raise InsufficientScope(Reason.POLICY_DENIED) from None
        except (RequestRejected, IssuerUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - the fault is not the caller's, so an outage
            # The text of the error may contain anything, so only its type is logged.
            kind = type(error).__name__
            self._log.log(logging.ERROR, kind, "%s: map_evaluation= raised %s", self.url, kind)
        # Outside of the block, so that the error, with the claims in its text, is no context.
        raise IssuerUnavailable(self.url, Reason.POLICY_FUNCTION)

    async def _evaluate(
        self, policy: str, evaluation: AccessEvaluation, body: bytes, key: bytes
    ) -> _Outcome:
        """Return the decision, or the error that each waiting caller raises a copy of."""
        self._requested += 1
        text = body.decode()
        try:
            result, seconds = await self._endpoint.post(text, partial(self._request, body))
            decision = self._read(result, evaluation)
        except IssuerUnavailable as error:
            return error
        self._endpoint.record_active(text, seconds)
        lifetime = freshness(result.cache_fields)
        left = self._cache_for if lifetime is None else min(lifetime - seconds, _MAX_SECONDS)
        self._decisions.put(key, Decision(decision.reason), left)
        if decision.explanation:
            name = shown(policy)
            message = "%s: the policy %s denies a request: %s"
            self._log.log(logging.INFO, name, message, self.url, name, decision.explanation)
        return decision

    def _read(self, result: HTTPResult, evaluation: AccessEvaluation) -> Decision:
        """Return the decision in a response.

        Raises:
            IssuerUnavailable: It has another status or media type, or no decision (§10.1.2).
        """
        if result.status != _OK:
            reason = Reason.CLIENT_REFUSED if result.status in _REFUSALS else Reason.BAD_RESPONSE
            message = "%s: the policy decision point responded with status %d"
            self._log.log(logging.ERROR, result.status, message, self.url, result.status)
            raise IssuerUnavailable(self.url, reason).about(response=str(result.status))
        if result.media_type != JSON:
            wrong = {"media_type": shown(result.media_type)}
            raise IssuerUnavailable(self.url, Reason.BAD_RESPONSE).about(**wrong)
        try:
            return read_decision(parse_object(result.body, bounded=False), evaluation)
        except ValueError as error:
            problem = str(error)
        raise IssuerUnavailable(self.url, Reason.BAD_RESPONSE).about(response=problem)

    def _request(self, body: bytes) -> FormRequest:
        headers = {"accept": JSON, "content-type": JSON}
        if self._client is not None:
            nonce = secrets.token_urlsafe(16)
            headers |= self._client.prove(self.url, nonce=nonce, now=self._clock()).headers
        return FormRequest(body, headers)

    def _canary(self) -> FormRequest:
        return self._request(_random_evaluation().to_json())


_MEASURED = {
    "introspection_down": "policy_decision_point_down",
    "introspections_in_flight": "policy_evaluations_in_flight",
}


def _random_evaluation() -> AccessEvaluation:
    """Return the evaluation of a random subject, which every decision point can decide."""
    subject = Entity("user", secrets.token_urlsafe(32))
    return AccessEvaluation(subject, Action("GET"), Entity("oauth_guard", "/"))


def _to_json(evaluation: object) -> bytes:
    """Return the JSON of what `map_evaluation` has returned."""
    if not isinstance(evaluation, AccessEvaluation):
        raise TypeError("no AccessEvaluation")
    return evaluation.to_json()


def _raise_copy(outcome: IssuerUnavailable) -> NoReturn:
    """Raise a copy of *outcome*, so that each waiter has a traceback of its own."""
    error = IssuerUnavailable(outcome.issuer, outcome.reason, retry_after=outcome.retry_after)
    raise error.about(**outcome.detail)
