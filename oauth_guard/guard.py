"""Guard: the one path from a request to an identity or a rejection."""

import logging
import time
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Literal, Self, TypeAlias, get_args

from oauth_guard.errors import (
    ConfigurationError,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.identity_cache import IdentityCache
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.binding import check_binding
from oauth_guard.protocol.challenge import Prepared, Rejection, RejectionBuilder
from oauth_guard.protocol.credentials import (
    BEARER_PREFIX,
    BearerMethods,
    Credentials,
    authorization_field,
    digest_of,
    read_credentials,
    read_field,
)
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from oauth_guard.protocol.metadata import metadata_document, metadata_path, metadata_url
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.scopes import scope
from oauth_guard.protocol.urls import is_loopback, parse_url

__all__ = ["Guard"]

_who = attrgetter("issuer", "subject", "client_id")

_log = logging.getLogger("oauth_guard")

Start: TypeAlias = Literal["background", "wait", "fail fast"]


class Guard:
    """Guards one resource: says who sent a request, and whether they may.

    It can't be changed once built. `async with guard` (or `start` and `aclose`) holds what
    lives longer than a request; the middleware does that around the application's lifespan.

    Attributes:
        resource: The URI of what is guarded.
        transmission: How a token may travel.
        metadata_path: Where the metadata is served; None if it is not.
        metadata_document: What is served there, as JSON.

    Args:
        resource: The absolute URI that names the resource; tokens must be issued for it.
        issuers: The authorization servers that are trusted; `Tenants` look them up by name.
        realm: The protection space that challenges name.
        error_uri: A page that tells the client's developer about errors.
        scopes_supported: The scopes that the metadata lists.
        bearer_methods: How a token may be sent: `"header"`, to which `"body"` (a form) and
            `"query"` may be added, for clients that can do no better (RFC 6750 §2).
        require_https: Refuse requests that did not come over TLS, as the server sees it.
        metadata: Serve the resource's metadata (RFC 9728), and name it in challenges.
        debug: Add our reason to the body of a refusal; the resource must
            then be on a loopback host.
        expose_token: Let the application read the raw token at `Identity.token`.
        insecure_http: Accept an http resource that is not on a loopback host.
        store: Where answers about tokens are remembered beyond this process.
        share_tokens: Consent that several issuers which take tokens that name no issuer see
            each other's: they are asked in the order in which they stand.
        start: What `async with guard`, and so the middleware at start-up, does about keys:
            fetch them in the `"background"`, `"wait"` for them, or `"fail fast"` where they
            can't be had. The last two need issuers that are served elsewhere.
        clock: Tells seconds since the epoch.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        resource: str,
        issuers: Sequence[Issuer | Tenants],
        *,
        realm: str | None = None,
        error_uri: str | None = None,
        scopes_supported: Iterable[str] = (),
        bearer_methods: Iterable[str] = ("header",),
        require_https: bool = False,
        metadata: bool = True,
        debug: bool = False,
        expose_token: bool = False,
        insecure_http: bool = False,
        store: Store | None = None,
        share_tokens: bool = False,
        start: Start = "background",
        clock: Clock = time.time,
    ) -> None:
        _check_settings(resource, start, debug=debug, insecure_http=insecure_http)
        self.resource, self._start = resource, start
        self.transmission = BearerMethods.of(bearer_methods, require_https=require_https)
        self._issuers = IssuerRouter(issuers, share_tokens=share_tokens, store=store, clock=clock)
        self._store, self._clock, self._expose_token = store, clock, expose_token
        self._usual = BEARER_PREFIX + self._issuers.usual_beginning
        self._admissions = IdentityCache()
        self._rejections = RejectionBuilder(
            realm=realm if metadata else realm or resource,
            resource_metadata=metadata_url(resource) if metadata else None,
            error_uri=error_uri,
            tell_reason=debug,
        )
        self._junk = self.prepare(InvalidToken(Reason.MALFORMED_TOKEN))
        self.metadata_path = metadata_path(resource) if metadata else None
        scopes = [str(scope(name)) for name in scopes_supported]
        self.metadata_document = metadata_document(
            resource, self._issuers.names, self.transmission.bearer_methods, scopes
        )

    def __repr__(self) -> str:
        return f"Guard({self.resource!r}, {list(self._issuers.names)!r})"

    @property
    def ready(self) -> bool:
        """Whether tokens of every issuer could be judged now; for a readiness probe."""
        return self._issuers.ready

    async def authenticate(self, request: ResourceRequest, *, introspect: bool = False) -> Identity:
        """Return who sent *request*, or raise: whom it is known to be, or else all of `judge`.

        Args:
            request: What was sent.
            introspect: Ask the token's issuer about it now, past every memory.

        Raises:
            MissingCredentials: Nobody has tried to authenticate.
            InvalidRequest: The credentials are malformed, or there are several.
            InvalidToken: The token is not good, or not for this resource.
            IssuerUnavailable: The token's issuer can't be asked.
            ConfigurationError: It must be asked now, and was not set up for that.
        """
        credentials = read_credentials(request, self.transmission)  # 1 read
        # Recalled is only what `judge` would say again: see IdentityCache.
        if credentials.digest is not None and not introspect:
            known = self._admissions.recall(credentials.digest, self._clock())
            if known is not None:
                return known
        return await self.judge(credentials, introspect=introspect)

    def recognise(
        self, headers: Iterable[tuple[bytes, bytes]]
    ) -> Identity | Rejection | Credentials | None:
        """Return all that one `Authorization` field in *headers* tells at once.

        That is who sent the same field a moment ago, if that is still true (a hit can't be told
        from a miss), or `ANONYMOUS` if there is none; or the answer to what nobody could have
        issued; or else what is to be judged. None where `authenticate` must tell. Whoever calls
        this has looked at `transmission`: neither TLS, query nor form is looked at here.
        """
        try:
            field = authorization_field(headers)
            if field is None:
                return ANONYMOUS
            digest = None
            if field.startswith(self._usual):  # junk is not even digested
                digest = digest_of(field)
                known = self._admissions.recall(digest, self._clock())
                if known is not None:
                    return known
            credentials = read_field(field, digest)
        except RequestRejected as error:
            # Of another scheme: who may call without a token is not known here.
            return None if isinstance(error, MissingCredentials) else self.reject(error)
        may_be_ours = self._issuers.may_have_issued(credentials.token)
        return credentials if may_be_ours else self.answer(self._junk)

    async def judge(self, credentials: Credentials, *, introspect: bool = False) -> Identity:
        """Return whom *credentials* prove, or raise: the path itself, each step a line.

        Raises:
            InvalidToken: The token is not good, or not for this resource.
            IssuerUnavailable: The token's issuer can't be asked.
            ConfigurationError: It must be asked now, and was not set up for that.
        """
        validation = await self._issuers.validate(credentials.token, introspect=introspect)  # 2
        token = validation.token
        token.check_claims(self.resource, self._clock())  # 3 for us, in time
        check_binding(token)  # 4 with its owner
        raw = credentials.token.text if self._expose_token else None
        identity = Identity.from_token(token, raw=raw)  # 5 named
        if credentials.digest is not None and raw is None:
            self._admissions.remember(credentials.digest, identity, validation)
        return identity

    async def authorize(
        self, request: ResourceRequest, identity: Identity, requirement: Requirement
    ) -> Identity:
        """Return *identity*, who sent *request*, held to what a route asks; asked anew if it wants.

        Raises:
            MissingCredentials: The caller is anonymous.
            InsufficientScope: The token does not grant it.
            InvalidToken: The token is no longer good, or no longer this caller's.
            IssuerUnavailable: The route wants that the token's issuer is asked, and it can't be.
            ConfigurationError: It wants that of an issuer that was not set up for it.
        """
        if requirement.introspect:
            self.check_requirement(requirement)
        requirement.check(identity)
        if not requirement.introspect:
            return identity
        now = await self.authenticate(request, introspect=True)
        if _who(now) != _who(identity):
            raise InvalidToken(Reason.ANOTHER_CALLER)
        requirement.check(now)
        return now

    def check_requirement(self, requirement: Requirement) -> None:
        """Hold what a route asks to what this guard can do, whoever calls.

        Raises:
            ConfigurationError: It wants each issuer to be asked, and one was not set up for it.
        """
        if requirement.introspect and (names := self._issuers.without_introspection):
            raise ConfigurationError(
                f"introspect=True asks the authorization server, and {' and '.join(names)} can't "
                "be asked: write JWTIssuer(..., introspection=IntrospectionIssuer(...))."
            )

    def reject(self, error: RequestRejected | IssuerUnavailable) -> Rejection:
        """Return the answer to *error*, and tell the operator why."""
        if isinstance(error, RequestRejected):
            return self.answer(self.prepare(error))
        _log.warning("%s: no answer from %s: %s", self.resource, error.issuer, error.reason)
        return self._rejections.build(error)

    def prepare(self, error: RequestRejected) -> Prepared:
        """Write the answer to *error* before it is needed: with `answer`, each time."""
        return Prepared(self._rejections.build(error), error.reason)

    def answer(self, prepared: Prepared) -> Rejection:
        """Return an answer that was *prepared*, and tell the operator why."""
        rejection, reason = prepared
        if _log.isEnabledFor(logging.INFO):
            _log.info("%s: refused with %d: %s", self.resource, rejection.status, reason)
        return rejection

    async def start(self) -> None:
        """Fetch what judging tokens needs, as `start=` says.

        Raises:
            IssuerUnavailable: An issuer can't be asked, and `start="fail fast"`.
        """
        if self._start == "background":
            self._issuers.start()
            return
        try:
            await self._issuers.load()
        except IssuerUnavailable as error:
            _log.warning("%s: no answer from %s: %s", self.resource, error.issuer, error.reason)
            if self._start == "fail fast":
                await self.aclose()
                raise

    async def aclose(self) -> None:
        """Let go of connections and background work; the next request opens them again."""
        await self._issuers.aclose()
        if self._store is not None:
            await self._store.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _check_settings(resource: str, start: str, *, debug: bool, insecure_http: bool) -> None:
    parts = parse_url(resource, setting="resource", insecure_http=insecure_http)
    if parts.query:
        _log.warning("%s: a resource should have no query (RFC 8707 section 2)", resource)
    if insecure_http:
        _log.warning("%s: insecure_http=True lets tokens travel unprotected", resource)
    if debug and not is_loopback(parts):
        raise ConfigurationError("debug=True is for a resource on a loopback host: leave it out.")
    if start not in get_args(Start):
        raise ConfigurationError(f"start= is one of {', '.join(get_args(Start))}.")
