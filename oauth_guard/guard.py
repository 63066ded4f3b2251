"""Guard: the one path from a request to an identity or a rejection.

The rule of this module: what depends on the token alone comes before the cache; what depends on
the request or on the moment comes after it, and so runs on every request, cache hits included.
A new check belongs after the cache, unless it can only ever give the same result for the same
token. `identity_cache` decides which validated token may be reused, and until when.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Unpack, final

from oauth_guard.browser_access import BrowserAccess, BrowserSettings
from oauth_guard.byte_budget import MAX_CACHE_BYTES, cache_budgets
from oauth_guard.config import FromConfig
from oauth_guard.decision_log import DecisionLog
from oauth_guard.deny_list import DenyList, checks_of
from oauth_guard.errors import (
    ConfigurationError,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    RequestRejected,
)
from oauth_guard.guard_lifecycle import AsyncLifecycle, GuardLifecycle
from oauth_guard.guard_settings import ResourceSettings, Start, check_settings, published
from oauth_guard.identity_cache import IdentityCache, ValidatedToken
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.development import DevelopmentSettings, with_development
from oauth_guard.issuers.policy_check import PolicyCheck, PolicySettings
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.status_lists import StatusLists
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.observers import Observers
from oauth_guard.possession.possession_check import PossessionCheck, PossessionSettings
from oauth_guard.protocol.binding import confirmation_of
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.events import Observer
from oauth_guard.protocol.identity import Identity, is_same_caller
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.scope_implications import ScopeImplications
from oauth_guard.protocol.settings import checked_settings, chosen
from oauth_guard.protocol.subprotocols import SUBPROTOCOLS
from oauth_guard.request_authorization import RequestAuthorization
from oauth_guard.revocable import Revocable
from oauth_guard.token_authentication import TokenAuthentication
from oauth_guard.token_validation import TokenSettings, TokenValidation
from oauth_guard.trace import trace_rejection, tracer

__all__ = ["Guard"]

_NO_SCOPES = frozenset[str]()


class GuardSettings(
    ResourceSettings,
    TokenSettings,
    PossessionSettings,
    BrowserSettings,
    DevelopmentSettings,
    PolicySettings,
    total=False,
):
    """Keyword arguments of `Guard`, each described where it is used."""


@final
@checked_settings
class Guard(FromConfig, AsyncLifecycle, TokenAuthentication, RequestAuthorization, Revocable):
    """Guards one resource: authenticates requests and authorizes their callers.

    Immutable once built, and final. `async with guard` (or `start` and `aclose`) manages what
    lives longer than a request; the middleware does that during the application's lifespan.

    Attributes:
        resource: The URI of the guarded resource.
        bearer_methods: How a token may be sent.
        accepted_tokens: The issuers and audiences whose tokens are accepted, as pairs.
        metadata_path: The path that the metadata is served at; None if it is not served.
        metadata_document: The metadata, as JSON.
        clock: Returns seconds since the epoch.
        deny_list: The revoked tokens; None if the guard was built without.
        browsers: How browsers that open pages are served.
        hidden_fields: The header fields, in lower case, that the application must not see.
        hidden_credentials: The credentials that it must not see; None if it sees them.

    Args:
        resource: The absolute URI that names the resource; tokens must be issued for it.
        issuers: The trusted authorization servers; `Tenants` are looked up by name.
        bearer_methods: How a token may be sent: `"header"`, to which `"body"` (a form) and
            `"query"` may be added, for clients that can't send the header (RFC 6750 §2), and
            `"cookie"`, `"websocket-protocol"` and `"graphql-connection-init"`, for pages.
        require_https: Reject requests that did not come over TLS, as far as the server knows.
        store: Where introspection results are stored for other processes.
        share_tokens: Allow several issuers that accept tokens without an issuer's name. Such a
            token is sent to each of them in the order of the list, until one accepts it.
        start: What `async with guard`, and so the middleware at start-up, does about keys:
            fetch them in the `"background"`, `"wait"` for them, or `"fail fast"` if they can't
            be fetched. The last two need issuers that another process serves.
        max_cache_bytes: How many bytes cached tokens take at most, in this process.
        deny_list: Tokens that are revoked before they expire. Guards may share one.
        status_lists: Where the issuer lists its revoked tokens. Experimental.
        observers: Functions that receive each `Decision`; their errors do not change it.
        clock: Returns seconds since the epoch.
        scope_implies: The scopes that a granted scope implies, `{"files": ["files:read"]}`.
        settings: `metadata=`, `realm=`, `debug=` and others: see `ResourceSettings`;
            `max_token_lifetime=`, `expose_token=` and `ignore_host_case=`: see `TokenSettings`;
            `dpop=`, `token_header=` and others: see `PossessionSettings`; `token_cookie=` and
            others: see `BrowserSettings`; `development_tokens=`: see `DevelopmentSettings`;
            `policy_decision_point=`: see `PolicySettings`.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        resource: str,
        issuers: Sequence[Issuer | Tenants],
        *,
        bearer_methods: Iterable[str] = ("header",),
        require_https: bool = False,
        store: Store | None = None,
        share_tokens: bool = False,
        start: Start = "background",
        max_cache_bytes: int = MAX_CACHE_BYTES,
        deny_list: DenyList | None = None,
        status_lists: StatusLists | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock = time.time,
        scope_implies: Mapping[str, Iterable[str]] | None = None,
        **settings: Unpack[GuardSettings],
    ) -> None:
        check_settings(resource, start, shown := chosen(ResourceSettings, settings))
        self.resource, self.clock, self.deny_list = resource, clock, deny_list
        self._log, self._checks = DecisionLog(resource), checks_of(deny_list, status_lists)
        proofs = PossessionCheck(resource, **chosen(PossessionSettings, settings))
        self.browsers = pages = BrowserAccess(resource, bearer_methods, settings)
        self.bearer_methods = proofs.bearer_methods(issuers, bearer_methods, pages, require_https)
        own, results = cache_budgets(max_cache_bytes)
        issuers = with_development(resource, issuers, **chosen(DevelopmentSettings, settings))
        router = IssuerRouter(
            issuers, share_tokens=share_tokens, store=store, budget=results, clock=clock
        )
        self.accepted_tokens = router.accepted_tokens(resource)
        self._cache = IdentityCache(budget=own, changes=deny_list)
        self._possession, self._issuers, self._tracer = proofs, router, tracer(shown)
        self._validation = TokenValidation(
            resource, router, self._cache, clock, proofs, **chosen(TokenSettings, settings)
        )
        self._implications = None if scope_implies is None else ScopeImplications(scope_implies)
        self._policies = policies = PolicyCheck(resource, **chosen(PolicySettings, settings))
        parts = (proofs, deny_list, status_lists, policies)
        self._lifecycle = GuardLifecycle(router, parts, store, start, self._log)
        self._publish(shown, observers)

    def _publish(self, settings: ResourceSettings, observers: Iterable[Observer]) -> None:
        """Build what callers and observers see, and what the application must not see.

        Callers see rejections and metadata.
        """
        known = (*self._issuers.names, *self._policies.names)
        self._observers = Observers.of(observers, self.resource, known, self._tracer)
        names, methods = self._issuers.published_names, self.bearer_methods.names
        self._rejections, self.metadata_path, self.metadata_document = published(
            self.resource, self._possession, names, methods, settings
        )
        subprotocols = {SUBPROTOCOLS} if self.bearer_methods.subprotocol else frozenset()
        self.hidden_fields = self._possession.hidden_fields | subprotocols
        self.hidden_credentials = self.browsers.hidden_credentials

    def __repr__(self) -> str:
        return f"Guard({self.resource!r}, {list(self._issuers.names)!r})"

    async def authenticate(self, request: ResourceRequest, *, introspect: bool = False) -> Identity:
        """Return the identity of the caller who sent *request*, or raise.

        HTTP, WebSocket and route checks take this path. Step 3 depends on the token alone and is
        cached. Steps 1, 4 and 5 depend on the request or the moment and run on every request. A
        cache hit waits only if a check needs I/O. With *introspect*, nothing cached is used.

        Raises:
            MissingCredentials: The request carries no credentials that the guard accepts.
            InvalidRequest: The credentials are malformed, or there are several.
            InvalidToken: The token is not valid, not for this resource, or its key is not proven.
            IssuerUnavailable: The token's issuer or the replay store can't be reached.
            RequestRejected: See `PossessionCheck.check`, or the `claims=` function.
            ConfigurationError: *introspect* is set, and the issuer can't introspect.
        """
        report, now = self._observers, self.clock()
        # 1. Read the credentials.
        request.read_credentials(self.bearer_methods)
        # 2. Look in the cache.
        validated = None if introspect else self._cache.get(request.cache_key, now)
        cached = validated is not None
        if report is not None and (validated is None or validated.needs_proof or report.traces):
            report.start(request, validated)
        # 3. Validate the token.
        if validated is None:
            validated = await self._validation.validate_token(request, introspect=introspect)
            now = self.clock()
        # 4. Check the proof of possession.
        if validated.needs_proof or request.proofs is not None:
            await self._possession.check(request, validated.confirmation, now)
        # 5. Run the checks that depend on the moment.
        if validated.has_claim_function:
            validated.check_claim_function()
        for check in self._checks:
            if (waiting := check(validated, now)) is not None:
                await waiting
        request.validated = validated
        if report is not None:
            report.authenticated(request, validated.identity, cached)
        return validated.identity

    async def recheck(
        self, request: ResourceRequest, identity: Identity, *, introspect: bool = False
    ) -> ValidatedToken:
        """Validate again the token that this guard has read from *request*.

        Runs the checks of step 5 again. It neither reads the credentials again nor verifies their
        proof, since a proof that is used twice is a replay. Instead, caller and binding must be
        the same as in *identity*.

        Raises:
            MissingCredentials: No credentials were read.
            InvalidToken: The token is no longer valid, or no longer this caller's.
            IssuerUnavailable: The token's issuer can't be reached.
            ConfigurationError: *introspect* is set, and the issuer can't introspect.
        """
        validated = await self._validation.validate_token(request, introspect=introspect)
        if validated.confirmation != confirmation_of(identity.claims):
            raise InvalidToken(Reason.BOUND_TOKEN)
        await self.check_again(validated)
        if not is_same_caller(validated.identity, identity):
            raise InvalidToken(Reason.ANOTHER_CALLER)
        request.validated = validated
        return validated

    async def check_again(self, validated: ValidatedToken) -> None:
        """Run the checks of step 5 for a token that passed them before; raises as they do."""
        if validated.has_claim_function:
            validated.check_claim_function()
        for check in self._checks:
            if (waiting := check(validated, self.clock())) is not None:
                await waiting

    def authorize(
        self,
        identity: Identity,
        requirement: Requirement,
        request: ResourceRequest | None = None,
        *,
        more_follows: bool = False,
    ) -> None:
        """Raise unless *identity*, who sent *request*, satisfies *requirement*; don't introspect.

        With *more_follows*, `authorize_request` evaluates the policy afterwards.

        Raises:
            RequestRejected: One of the errors that `Requirement.violation` returns.
            ConfigurationError: It has a policy, which needs I/O: see `authorize_request`.
        """
        if requirement.policy is not None and not more_follows:
            raise ConfigurationError("A requirement with policy= needs `await authorize_request`.")
        now = 0.0 if requirement.max_age is None else self.clock()
        implications = self._implications
        implied = _NO_SCOPES if implications is None else implications.of(identity.scopes)
        violation = requirement.violation(identity, self.resource, now, implied)
        if violation is not None:
            raise violation
        if self._observers is not None and not more_follows:
            self._observers.authorized(identity, requirement, request)

    def check_can_decide(self, requirement: Requirement) -> None:
        """Raise `ConfigurationError` if *requirement* needs I/O that this guard can't do."""
        if requirement.introspect:
            self._issuers.check_can_introspect()
        if requirement.policy is not None:
            self._policies.check_configured()

    def reject(
        self, error: RequestRejected | IssuerUnavailable, request: ResourceRequest | None = None
    ) -> Rejection:
        """Return the rejection for *error*, and log its reason for the operator.

        Its error is in the challenge of the scheme that *request* used, if it used one. With
        `login_redirect=` a browser gets a redirect instead of a 401; the log shows the 401.
        """
        trace = trace_rejection(error, request, self._tracer)
        scheme = None if request is None else request.scheme
        rejection = self._rejections.build(error, scheme, trace)
        self._log.write(error, rejection.status, request)
        if self._observers is not None:
            self._observers.rejected(error, rejection.status, request)
        return self.browsers.response_to(request, rejection)
