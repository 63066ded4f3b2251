"""Observers: passes the decisions of a guard to the functions of the operator."""

import inspect
import logging
import time
from collections.abc import Iterable
from typing import Self

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason, RequestRejected
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.interfaces import Clock
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.events import OTHER, Decision, Observer, known_method
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.steps import Step
from oauth_guard.trace import Tracer

__all__ = ["Observers"]


class Observers:
    """The observers of one guard. What an observer raises is logged and changes no decision.

    Attributes:
        traces: Whether the steps of requests are appended to their traces.

    Args:
        observers: The functions, each of which receives every decision.
        resource: The resource of the guard.
        issuers: The names of its issuers; tenants are not among them.
        tracer: Finds the trace of a request; None if requests are not traced.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        observers: Iterable[Observer],
        resource: str,
        issuers: Iterable[str],
        tracer: Tracer | None = None,
        *,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._tracer, self.traces = tracer, tracer is not None
        self._observers = tuple(map(_checked, observers))
        self._resource, self._clock, self._limit = resource, clock, LogLimit()
        self._issuers = frozenset(issuers)
        # A decision about a cache hit has no member of its own: there are few, each built once.
        self._hits: dict[tuple[str | None, str], Decision] = {}

    @classmethod
    def of(
        cls,
        observers: Iterable[Observer],
        resource: str,
        issuers: Iterable[str],
        tracer: Tracer | None = None,
    ) -> Self | None:
        """Return the observers of a guard; None if there is none, and requests are not traced.

        Raises:
            ConfigurationError: One is no function, or is an async function.
        """
        listed = tuple(observers)
        return cls(listed, resource, issuers, tracer) if listed or tracer else None

    def start(self, request: ResourceRequest, cached: ValidatedToken | None) -> None:
        """Start to measure how long *request* takes: its token is validated, or its proof is.

        Append to its trace that its credentials were read, and the token that was *cached*.
        """
        if cached is None or cached.needs_proof:
            request.started = self._clock()
        if self._tracer is not None and (trace := self._tracer(request)) is not None:
            trace.read(request.scheme, cached=cached is not None)

    def authenticated(self, request: ResourceRequest, identity: Identity, cached: bool) -> None:  # noqa: FBT001 - a keyword takes longer
        """Report that *request* is authenticated."""
        # On every request: few calls, and no time is read for a cache hit.
        if request.trace is not None:
            request.trace.passed(Step.MOMENT)
        if request.started is None:
            names = (identity.issuer, request.method)
            decision = self._hits.get(names) or self._hit(*names)
        else:
            issuer, method = self._alias(identity.issuer), known_method(request.method)
            seconds = self._seconds(request)
            decision = Decision(
                self._resource, "authenticated", None, None, issuer, method, cached, seconds
            )
        for observer in self._observers:
            try:
                observer(decision)
            except Exception as error:  # noqa: BLE001 - it may raise anything, and decides nothing
                self._log(error)

    def _hit(self, issuer: str | None, method: str) -> Decision:
        """Return a new decision about a cache hit, and keep it under its names of closed sets."""
        names = (issuer if issuer in self._issuers else OTHER, known_method(method))
        decision = Decision(
            self._resource, "authenticated", issuer=names[0], method=names[1], cached=True
        )
        self._hits[names] = decision
        return decision

    def authorized(
        self, identity: Identity, requirement: Requirement, request: ResourceRequest | None
    ) -> None:
        """Report that *identity*, who sent *request*, satisfies *requirement*."""
        if request is not None and request.trace is not None:
            request.trace.authorized(requirement)
        self._report(Decision(self._resource, "authorized", issuer=self._alias(identity.issuer)))

    def rejected(
        self,
        error: RequestRejected | IssuerUnavailable,
        status: int,
        request: ResourceRequest | None,
    ) -> None:
        """Report that a request is rejected; *request* is None if it is not known."""
        issuer = error.issuer if isinstance(error, IssuerUnavailable) else None
        self._report(
            Decision(
                self._resource,
                "rejected",
                reason=_known_reason(error.reason),
                status=status,
                issuer=self._alias(issuer),
                method=None if request is None else known_method(request.method),
                seconds=None if request is None else self._seconds(request),
            )
        )

    def _alias(self, issuer: str | None) -> str | None:
        return issuer if issuer is None or issuer in self._issuers else OTHER

    def _seconds(self, request: ResourceRequest) -> float | None:
        """Return how long *request* took, the first time that this is read."""
        started, request.started = request.started, None
        return None if started is None else self._clock() - started

    def _report(self, decision: Decision) -> None:
        for observer in self._observers:
            try:
                observer(decision)
            except Exception as error:  # noqa: BLE001 - as above
                self._log(error)

    def _log(self, error: Exception) -> None:
        # Its text may contain anything, so only its type is logged.
        message, kind = "%s: an observer raised %s", type(error).__name__
        self._limit.log(logging.ERROR, kind, message, self._resource, kind)


def _known_reason(reason: object) -> Reason | None:
    """Return *reason* if it is ours; an operator's function may raise our errors with a text."""
    return reason if isinstance(reason, Reason) else None


def _checked(observer: Observer) -> Observer:
    called = getattr(observer, "__call__", None)  # noqa: B004 - an object may have an async one
    if called is None or any(map(inspect.iscoroutinefunction, (observer, called))):
        raise ConfigurationError(
            "observers= takes functions that are not async: write the decision to a queue that "
            "a task reads."
        )
    return observer
