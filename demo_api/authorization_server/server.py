"""Server: Authlib's authorization server over one transaction, with stricter checks."""

import logging
from collections.abc import Callable, Collection
from typing import Any, cast

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import AuthorizationServer, JsonRequest, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidClientError,
    UnsupportedResponseTypeError,
)
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.attempts import Attempts
from demo_api.authorization_server.client_authentication import (
    NONE,
    ClientAuthenticationError,
    authenticate_client,
)
from demo_api.authorization_server.client_document import DescribedClient
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    PasswordGrant,
    RefreshTokenGrant,
)
from demo_api.authorization_server.id_tokens import id_token
from demo_api.authorization_server.introspection import IntrospectionEndpoint
from demo_api.authorization_server.ledger import Ledger
from demo_api.authorization_server.pkce import S256CodeChallenge
from demo_api.authorization_server.proofs import proven_thumbprint
from demo_api.authorization_server.registration import RegistrationEndpoint, make_room
from demo_api.authorization_server.requests import RegistrationRequest, ServerRequest
from demo_api.authorization_server.resource import ResourceIndicators
from demo_api.authorization_server.revocation import RevocationEndpoint
from demo_api.authorization_server.settings import OPERATOR_SCOPES, SCOPES, TOKEN, Settings
from demo_api.authorization_server.tokens import TokenGenerator

# Authlib writes whole token responses to its debug log. No log may hold a token.
logging.getLogger("authlib.oauth2").setLevel(logging.INFO)


class Server(AuthorizationServer):
    """One per request: it owns the transaction, so threads share nothing."""

    def __init__(self, settings: Settings, session: Session) -> None:
        """Handle one request with *settings* within *session*."""
        super().__init__(scopes_supported=[*SCOPES, *OPERATOR_SCOPES])
        self.settings = settings
        self.session = session
        self.now = int(settings.clock())
        self.ledger = Ledger(session, self.now)
        self._resources = ResourceIndicators(settings)
        #: The thumbprint of the key that this request has proven (RFC 9449 §5).
        self.jkt: str | None = None
        self._generator = TokenGenerator(settings, self.now)
        self.register_token_generator("default", self._generator)
        self.register_grant(AuthorizationCodeGrant, [S256CodeChallenge(), self._resources])
        for grant in (PasswordGrant, ClientCredentialsGrant, RefreshTokenGrant):
            self.register_grant(grant, [self._resources])
        self.register_endpoint(IntrospectionEndpoint)
        self.register_endpoint(RevocationEndpoint)

    # Called by the endpoints.

    def token_response(self, request: ServerRequest) -> Response:
        """Handle a token request (RFC 6749 §3.2)."""
        try:
            request.payload.reject_repeated()
            request.payload.require("grant_type")
            self._resources.check(request)
            token_endpoint = self.settings.origin + TOKEN
            self.jkt = proven_thumbprint(request.dpop_proofs, token_endpoint, self.now)
            self._generator.signed.jkt = self.jkt
            # Typed as a tuple in the stubs; it is the return value of handle_response.
            return cast("Response", self.create_token_response(request))
        except OAuth2Error as error:
            return self.handle_error_response(request, error)

    def consent_grant(self, request: ServerRequest) -> AuthorizationCodeGrant:
        """Return the grant of a valid authorization request, or raise an OAuth2Error."""
        request.payload.reject_repeated()
        find: Callable[..., AuthorizationCodeGrant] = self.get_consent_grant
        return find(request)

    def authorization_response(
        self, request: ServerRequest, grant: AuthorizationCodeGrant, user: SignIn | None
    ) -> Response:
        """Redirect to the client: with a code for *user*, or with access_denied if it is None."""
        return cast("Response", self.create_authorization_response(request, user, grant))

    def endpoint_response(self, name: str, request: ServerRequest) -> Response:
        """Handle an introspection or revocation request."""
        try:
            request.payload.reject_repeated()
            respond: Callable[..., Response] = self.create_endpoint_response
            return respond(name, request)
        except OAuth2Error as error:
            return self.handle_error_response(request, error)

    def registration_response(self, request: RegistrationRequest) -> Response:
        """Handle a registration request (RFC 7591 §3)."""
        try:
            return self.handle_response(*RegistrationEndpoint(self)(request))
        except OAuth2Error as error:
            return self.handle_error_response(request, error)

    def resources_of(self, request: ServerRequest) -> list[str]:
        """Return the resources of an authorization request, or raise InvalidTargetError."""
        return self._resources.of_authorization(request)

    def issue_for(self, resource: str) -> None:
        """Make *resource* the audience of the token that this request gets."""
        self._generator.signed.audience = resource

    def store_client(self, client: DescribedClient) -> None:
        """Store a client by its metadata document, as one that registered itself."""
        if self.session.get(Client, client.client_id) is None:
            make_room(self.session, self.settings.clients_kept)
        self.session.merge(
            Client(
                client_id=client.client_id,
                client_name=client.name,
                auth_methods=[NONE],
                redirect_uris=list(client.redirect_uris),
                grant_types=list(client.grant_types),
                scope=" ".join(SCOPES),
                default_scope=client.default_scope,
                registered_at=self.now,
            )
        )

    def attempts(self, source: str) -> Attempts:
        """Return the attempts at passwords and secrets from *source*."""
        return Attempts(self.session, self.now, source)

    # The methods that Authlib requires of a framework integration.

    def query_client(self, client_id: str) -> Client:
        """Return the client, or raise InvalidClientError."""
        client = self.session.get(Client, client_id)
        if client is None:
            raise InvalidClientError("The client is not registered here.")
        return client

    def authenticate_client(
        self,
        request: OAuth2Request,
        methods: Collection[str],
        endpoint: str = "token",
    ) -> Client:
        """Return the client, authenticated by one of *methods*."""
        server_request = cast("ServerRequest", request)
        client, method = authenticate_client(
            server_request,
            lambda name: self.session.get(Client, name),
            self.attempts(server_request.source),
        )
        if method not in methods:
            raise ClientAuthenticationError
        server_request.auth_method = method
        return client

    def get_authorization_grant(self, request: OAuth2Request) -> BaseGrant:
        """Return the grant. Our error repeats no text of the caller, as Authlib's would."""
        payload = cast("ServerRequest", request).payload
        if payload.response_type != "code":
            client = self.query_client(payload.client_id or "")
            raise UnsupportedResponseTypeError(
                response_type=None,
                description="The response_type must be code.",
                redirect_uri=AuthorizationCodeGrant.validate_authorization_redirect_uri(
                    request, client
                ),
            )
        return super().get_authorization_grant(request)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Record the tokens under the consent that they come from."""
        source = request.authorization_code or request.refresh_token
        if source is not None:
            consent = source.authorization
        else:
            client = cast("Client", request.client)  # authenticated before any token was made
            consent = self.ledger.open_authorization(
                client.client_id, request.user, token["scope"], [self._generator.signed.audience]
            )
        if self.jkt is not None:
            token["token_type"] = "DPoP"  # noqa: S105 - a type, not a secret
        self.ledger.record_tokens(consent, token, self.jkt, self._generator.signed.audience)
        if request.user is not None:
            token["id_token"] = id_token(
                self.settings,
                self.now,
                consent.client_id,
                request.user,
                token["access_token"],
                nonce=getattr(source, "nonce", None),
                lifetime=token["expires_in"],
            )

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        """Return *request*: the endpoint converted it already."""
        return cast("OAuth2Request", request)

    def create_json_request(self, request: Any) -> JsonRequest:
        """Return *request*: the endpoint converted it already."""
        return cast("JsonRequest", request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        """Return Starlette's response; a redirect carries the issuer (RFC 9207)."""
        fields = dict(headers)
        if "Location" not in fields:
            return JSONResponse(body, status, fields)
        location = add_params_to_uri(fields["Location"], [("iss", self.settings.origin)])
        # 303 and not 302: the browser must never repeat a posted password (RFC 9700 §4.12).
        return Response(
            status_code=303, headers={"Location": location, "Cache-Control": "no-store"}
        )

    def handle_error_response(self, request: object, error: OAuth2Error) -> Response:
        """Return the error as JSON, or as a redirect if the redirect_uri is valid."""
        return self.handle_response(*error())

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: the demo has no signals."""
