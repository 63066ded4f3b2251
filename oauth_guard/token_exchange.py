"""TokenExchange: exchanges the token of a caller for one that another API accepts (RFC 8693)."""

import logging
import secrets
import time
from collections.abc import Collection, Iterable
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, NoReturn, TypeAlias

from oauth_guard.asgi import GUARD, REQUEST, Connection
from oauth_guard.byte_budget import ByteBudget
from oauth_guard.errors import (
    ConfigurationError,
    InsufficientScope,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.guard import Guard
from oauth_guard.http.fetcher import HTTPClient, HTTPResult
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.client_auth import ClientAuthentication, check_authentication
from oauth_guard.issuers.discovery import find_endpoints
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.log_limit import LogLimit
from oauth_guard.possession.proof_key import ProofKey
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.token_exchange import ExchangedToken, exchange_form, read_exchange
from oauth_guard.protocol.urls import check_issuer_urls
from oauth_guard.single_flight import Singleflight
from oauth_guard.ttl_cache import TTLCache

__all__ = ["ExchangedToken", "TokenExchange"]

_ENDPOINT = "token_endpoint"
_MARGIN = 30  # seconds
_MAX_BYTES = 16 * 1024 * 1024
_ENTRY_BYTES = 600  # of an entry, without its token
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_WITH_CODE = {400, _UNAUTHORIZED}
# Servers send the last two with status 401 for a token that they have revoked.
_TOKEN_REFUSED = {"invalid_request", "invalid_grant", "invalid_token", "token_revoked"}
_CALLER_DENIED = {"invalid_scope", "access_denied"}
_OUR_FAULTS = {
    *("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_target"),
    "invalid_dpop_proof",
}


class _Entry(NamedTuple):
    """A cached token, and when it was requested (seconds since the epoch)."""

    token: ExchangedToken
    requested_at: float


_Outcome: TypeAlias = _Entry | RequestRejected | IssuerUnavailable


@checked_settings
class TokenExchange:
    """Exchanges the token of a caller for one that another API accepts.

    `exchange = TokenExchange("https://login.example.com", client=..., audiences=[...])`, and in a
    request `token = await exchange(request, audience="https://stock.example.com")`. It belongs to
    the application, which closes it with `aclose` at its end.

    A token is cached in this process for the caller's token, the audience and the scopes, until
    30 s before its end, and at most as long as the caller's token. Concurrent calls for the same
    token share one exchange. No token is returned once the caller's is on the deny-list of the
    guard or revoked by its status list, nor one from before its claims changed. The new token is
    not validated: that is up to the API that receives it.

    Args:
        issuer: The authorization server that issued the callers' tokens.
        client: How this API authenticates, such as `ClientSecretBasic("api", secret)`.
        audiences: The APIs that tokens may be requested for; another one is never sent.
        dpop: Request tokens that are bound to a key of this process (RFC 9449 §5). The key is new
            in each process.
        endpoint: The URL of the token endpoint, if it is not taken from the metadata.
        metadata_url: The URL of the metadata, if it is not derived from the identifier.
        http: The client to send with; by default one that this library creates.
        insecure_http: Accept http for hosts that are not loopback, inside a private network.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: A setting is wrong; the message says what to write instead.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        issuer: str,
        *,
        client: ClientAuthentication,
        audiences: Collection[str],
        dpop: bool = False,
        endpoint: str | None = None,
        metadata_url: str | None = None,
        http: HTTPClient | None = None,
        insecure_http: bool = False,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        check_authentication(client, http)
        self._audiences = frozenset(filter(None, audiences))
        if not self._audiences:
            raise ConfigurationError("audiences= names the APIs that tokens are requested for.")
        urls = {"metadata_url": metadata_url, "token_endpoint": endpoint}
        is_located = metadata_url is not None or endpoint is not None
        check_issuer_urls(issuer, None, insecure_http=insecure_http, is_located=is_located, **urls)
        self._found = find_endpoints(issuer, None, http, urls, insecure_http=insecure_http)
        self._issuer, self._client, self._clock = issuer, client, clock
        self._endpoint = EndpointClient(
            _ENDPOINT, self._found, self._found.fetcher, self._canary, clock=monotonic
        )
        self._key = ProofKey(clock) if dpop else None
        self._nonce: str | None = None
        self._tokens: TTLCache[_Entry] = TTLCache(budget=ByteBudget(_MAX_BYTES), clock=monotonic)
        self._exchanges: Singleflight[bytes, _Outcome] = Singleflight(
            closed=IssuerUnavailable(issuer, Reason.UNREACHABLE)
        )
        self._log = LogLimit(monotonic)

    def __repr__(self) -> str:
        return f"TokenExchange({self._issuer!r}, audiences={sorted(self._audiences)!r})"

    async def __call__(
        self, connection: Any, *, audience: str, scope: str | Iterable[str] = ()
    ) -> ExchangedToken:
        """Return a token for *audience* on behalf of the caller of *connection*.

        Args:
            connection: The request or WebSocket of Starlette or FastAPI, or the ASGI connection.
                The caller's token is the one that its guard has read and validated.
            audience: One of `audiences=`.
            scope: The scopes that the token needs, as one string or several.

        Raises:
            InvalidToken: The caller's token is revoked or of another issuer, or the issuer does
                not exchange it.
            InsufficientScope: The issuer grants the caller no such token.
            MissingCredentials: The caller is anonymous.
            IssuerUnavailable: The issuer can't be reached, or rejects this API as its client.
            ConfigurationError: *audience* is not in `audiences=`, or there is no middleware
                around the application.
        """
        if audience not in self._audiences:
            raise ConfigurationError("audience= must be one of audiences= of this TokenExchange.")
        guard, request = _guard_and_request(connection)
        validated: ValidatedToken = request.validated
        if validated.identity.issuer != self._issuer:  # which must not see the token of another
            raise InvalidToken(Reason.EXCHANGE_REFUSED)
        await guard.check_again(validated)
        scopes = frozenset(scope.split() if isinstance(scope, str) else scope)
        key = _key(request.token.text, audience, *sorted(scopes))
        found = self._tokens.get(key)
        if found is not None and not _is_outdated(guard, validated, found):
            return found.token
        attempt = partial(self._exchange, request.token.text, audience, scopes)
        outcome = await self._exchanges.run(key, attempt)
        if not isinstance(outcome, _Entry):
            _raise_copy(outcome)
        await guard.check_again(validated)
        self._remember(key, outcome, validated.not_after - guard.clock())
        return outcome.token

    async def aclose(self) -> None:
        """Close connections, and stop requests that are in progress."""
        await self._exchanges.aclose()
        await self._endpoint.aclose()

    def _remember(self, key: bytes, entry: _Entry, subject_left: float) -> None:
        token = entry.token
        if token.lifetime is not None:
            own_left = token.lifetime - min(_MARGIN, token.lifetime / 2)
            seconds = min(own_left, subject_left)
            self._tokens.put(key, entry, seconds, len(token.text) + _ENTRY_BYTES)

    async def _exchange(self, text: str, audience: str, scopes: frozenset[str]) -> _Outcome:
        """Return the new token, or the error that each waiting caller raises a copy of."""
        requested_at = self._clock()
        try:
            result = await self._post(text, audience, scopes)
            if result.status != _OK:
                return self._failure(result)
            members = parse_object(result.body, bounded=False)
            token = read_exchange(members, scopes, is_bound=self._key is not None)
        except (RequestRejected, IssuerUnavailable) as error:
            return error
        except ValueError as error:
            problem = str(error)
            return IssuerUnavailable(self._issuer, Reason.BAD_RESPONSE).about(response=problem)
        token = token if self._key is None else _with_proofs(token, self._key)
        return _Entry(token, requested_at)

    async def _post(self, text: str, audience: str, scopes: frozenset[str]) -> HTTPResult:
        sent_nonce = self._nonce
        build = partial(self._form_request, text, audience, scopes)
        result, _ = await self._endpoint.post(text, build)
        if self._key is None or result.dpop_nonce is None:
            return result
        self._nonce = result.dpop_nonce
        if result.status in _WITH_CODE and self._nonce != sent_nonce:
            result, _ = await self._endpoint.post(text, build)
        return result

    def _form_request(self, text: str, audience: str, scopes: Iterable[str]) -> FormRequest:
        nonce = secrets.token_urlsafe(16)
        proof = self._client.prove(self._issuer, nonce=nonce, now=self._clock())
        headers = {"accept": "application/json", **proof.headers}
        if self._key is not None:
            url = self._found.known(_ENDPOINT) or ""  # the request is sent there
            headers["dpop"] = self._key.prove("POST", url, nonce=self._nonce)
        return FormRequest(exchange_form(text, audience, sorted(scopes), proof.form), headers)

    def _canary(self) -> FormRequest:
        """Return the form about a random token, which every server refuses."""
        return self._form_request(secrets.token_urlsafe(32), min(self._audiences), ())

    def _failure(self, result: HTTPResult) -> RequestRejected | IssuerUnavailable:
        """Return the error for an error response (RFC 8693 §2.2.2, RFC 6749 §5.2)."""
        code = _error_code(result.body) if result.status in _WITH_CODE else None
        detail = {"response": code or str(result.status)}
        if code in _TOKEN_REFUSED:
            return InvalidToken(Reason.EXCHANGE_REFUSED).about(**detail)
        if code in _CALLER_DENIED or result.status == _FORBIDDEN:
            return InsufficientScope(Reason.EXCHANGE_DENIED).about(**detail)
        is_ours = code is not None or result.status == _UNAUTHORIZED
        reason = Reason.CLIENT_REFUSED if is_ours else Reason.BAD_RESPONSE
        message = "%s: the token endpoint refuses a token exchange of %s: %s"
        values = (self._issuer, self._client.client_id, detail["response"])
        self._log.log(logging.ERROR, detail["response"], message, *values)
        return IssuerUnavailable(self._issuer, reason).about(**detail)


def _guard_and_request(connection: Any) -> tuple[Guard, ResourceRequest]:
    scope: Connection = getattr(connection, "scope", connection)
    guard, request = scope.get(GUARD), scope.get(REQUEST)
    if guard is None or request is None:
        raise ConfigurationError("exchange() needs OAuthGuardMiddleware around the application.")
    if request.validated is None:
        raise MissingCredentials
    return guard, request


def _is_outdated(guard: Guard, validated: ValidatedToken, found: _Entry) -> bool:
    deny_list = guard.deny_list
    return deny_list is not None and deny_list.is_outdated(validated, found.requested_at)


def _key(*parts: str) -> bytes:
    encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
    return sha256(b"".join(len(part).to_bytes(8) + part for part in encoded)).digest()


def _with_proofs(token: ExchangedToken, key: ProofKey) -> ExchangedToken:
    def prove(method: str, url: str, nonce: str | None) -> str:
        return key.prove(method, url, token=token.text, nonce=nonce)

    return ExchangedToken(token.text, token.token_type, token.scopes, token.lifetime, prove)


def _error_code(body: bytes) -> str | None:
    """Return the code of an error response if it is a known one, which is safe to log."""
    try:
        code = parse_object(body).get("error")
    except ValueError:
        return None
    known = _TOKEN_REFUSED | _CALLER_DENIED | _OUR_FAULTS
    return code if isinstance(code, str) and code in known else None


def _raise_copy(outcome: RequestRejected | IssuerUnavailable) -> NoReturn:
    """Raise a copy of *outcome*, so that each waiter has a traceback of its own."""
    kind = type(outcome)
    error = kind.__new__(kind, *outcome.args)
    vars(error).update(vars(outcome))
    raise error
