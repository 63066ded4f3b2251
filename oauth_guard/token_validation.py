"""TokenValidation: validates the token of a request for one resource, and caches the outcome."""

from typing import Protocol, TypedDict, Unpack

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.identity_cache import ClaimChanges, IdentityCache, ValidatedToken
from oauth_guard.interfaces import Clock, TokenValidator
from oauth_guard.protocol.access_token import RegisteredClaims, Validation
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.steps import Step
from oauth_guard.protocol.urls import is_same_resource

__all__ = ["TokenSettings", "TokenValidation"]


class TokenSettings(TypedDict, total=False):
    """What a guard demands of each token: keyword arguments of `Guard`.

    Attributes:
        max_token_lifetime: Reject tokens issued for more seconds, or without `iat` or `exp`.
        expose_token: Let the application read the raw token at `Identity.token`.
        ignore_host_case: Accept an `aud` that differs from the resource in the case of scheme and
            host alone, as MCP recommends (RFC 3986 §6.2.2.1). By default `aud` is compared
            character by character (RFC 7519 §2, StringOrURI). A name in the `audience=` of an
            issuer always is.
    """

    max_token_lifetime: float | None
    expose_token: bool
    ignore_host_case: bool


class _Possession(Protocol):
    is_required: bool
    is_fapi2: bool


class TokenValidation:
    """Step 3 of the guard's path, which depends on the token alone.

    Args:
        resource: The resource that tokens must be issued for.
        issuers: Validates a token at the issuer that it names.
        cache: Where the outcome is stored; it says whose claims have changed.
        clock: Returns seconds since the epoch.
        possession: Says whether each token must be bound to a key, and whether the FAPI 2.0
            Security Profile is required: then each token is introspected, and none is cached.
        settings: See `TokenSettings`.
    """

    def __init__(
        self,
        resource: str,
        issuers: TokenValidator,
        cache: IdentityCache,
        clock: Clock,
        possession: _Possession,
        **settings: Unpack[TokenSettings],
    ) -> None:
        self._resource, self._issuers, self._cache, self._clock = resource, issuers, cache, clock
        self._is_binding_required, self._is_fapi2 = possession.is_required, possession.is_fapi2
        self._max_lifetime = settings.get("max_token_lifetime")
        self._ignores_host_case = settings.get("ignore_host_case", False)
        self._expose_token = settings.get("expose_token", False)

    async def validate_token(self, request: ResourceRequest, *, introspect: bool) -> ValidatedToken:
        """Return the validated token of *request*, and offer it to the cache.

        Claims from introspection that may have changed since are introspected again. For some
        seconds after a change that is so for each request, as the clocks of processes differ.

        Raises:
            MissingCredentials: No credentials were read.
            InvalidToken: The token is not valid, or not for this resource, or its signed claims
                have changed.
            IssuerUnavailable: The token's issuer can't be reached.
            ConfigurationError: *introspect* is set, and the issuer can't introspect.
        """
        token, trace = request.token, request.trace
        token.trace = trace
        introspect = introspect or self._is_fapi2
        # With *introspect*, the claims are known only later: the result may replace them.
        if not introspect:
            token.check = self._check_claims
        validation = await self._issuers.validate(token, introspect=introspect)
        if self._cache.changes is not None and _are_outdated(validation, self._cache.changes):
            validation = await self._issuers.validate(token, introspect=True)
        if trace is not None:
            trace.passed(Step.TOKEN, "introspected" if introspect else "")
        if validation.token is token.prechecked:  # some seconds ago, if keys were fetched
            validation.token.check_times(self._clock())
        else:
            self._check_claims(validation.token)
        if self._max_lifetime is not None:
            validation.token.check_total_lifetime(self._max_lifetime)
        if trace is not None:
            accepted = validation.token.rules.audience or (self._resource,)
            trace.claims(accepted, validation.token.audience)
        raw = token.text if self._expose_token else None
        identity = Identity.from_token(validation.token, raw=raw)
        is_required = self._is_binding_required
        validated = ValidatedToken(identity, validation, is_binding_required=is_required)
        if not self._is_fapi2:
            self._cache.put(request.cache_key, validated)
        return validated

    def _check_claims(self, token: RegisteredClaims) -> None:
        """Check the claims for the resource, as *token* spells it if case is ignored."""
        resource = self._resource
        if self._ignores_host_case and resource not in token.audience:
            same = (name for name in token.audience if is_same_resource(name, resource))
            resource = next(same, resource)
        token.check_claims(resource, self._clock())


def _are_outdated(validation: Validation, changes: ClaimChanges) -> bool:
    """Return whether the claims have changed since, so that they must be introspected again.

    Raises:
        InvalidToken: They have changed, and are signed, so the token can't get newer ones.
    """
    are_outdated = changes.outdates(validation)
    if are_outdated and validation.reported_at is None:
        raise InvalidToken(Reason.CLAIMS_CHANGED)
    return are_outdated
