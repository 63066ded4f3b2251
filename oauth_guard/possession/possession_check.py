"""PossessionCheck: verifies what a request proves beside its token, on every request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, TypedDict, Unpack
from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, InvalidDPoPProof, InvalidToken, Reason
from oauth_guard.possession.dpop import DPoP
from oauth_guard.possession.fapi2 import check_fapi2
from oauth_guard.possession.outer_claim import was_claimed
from oauth_guard.protocol.binding import (
    Binding,
    Confirmation,
    ProvenKeys,
    check_binding,
    check_binding_setting,
)
from oauth_guard.protocol.certificate_sources import CertificateSource
from oauth_guard.protocol.credentials import BEARER, DPOP, BearerMethods
from oauth_guard.protocol.dpop import DPoPProof, ProvenRequest, verify_proof
from oauth_guard.protocol.measurements import Measurement, measurements_of
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.steps import Step
from oauth_guard.protocol.target_uri import normalize_origin, target_uri
from oauth_guard.protocol.token_cookie import TokenCookie

__all__ = ["PossessionCheck", "PossessionSettings"]

_NO_STORE = (b"cache-control", b"no-store")


class PossessionSettings(TypedDict, total=False):
    """How tokens are bound to keys of clients, and sent by proxies: keyword arguments of `Guard`.

    Attributes:
        dpop: Accept tokens that are bound to a key, with proofs (RFC 9449).
        certificates: Accept tokens that are bound to the client's certificate (RFC 8705). The
            source says where the guard reads it.
        binding: Accept only tokens that are bound: by `"dpop"`, by `"mtls"`, or by `"any"`.
        token_header: The header in which a proxy sends the token, without a scheme, such as
            `"X-Goog-IAP-JWT-Assertion"`. It is read instead of `Authorization`, and responses are
            kept out of shared caches. A foreign `Origin` is rejected: see `check_origin`.
        profile: `"fapi2"`: require what the FAPI 2.0 Security Profile demands; see `check_fapi2`.
    """

    dpop: DPoP
    certificates: CertificateSource
    binding: Binding
    token_header: str
    profile: Literal["fapi2"]


class _Browsers(Protocol):
    """What of a guard's access for browsers decides how a token may be sent."""

    token_cookie: TokenCookie | None


class PossessionCheck:
    """Step 4 of the guard's path: compares the proven keys of a request with its token.

    Attributes:
        dpop: The settings of DPoP; None if proofs are not accepted.
        schemes: The schemes that challenges name, each with the algorithms of its proofs.
        required: How each token must be bound; None if a bearer token is accepted.
        is_required: Whether each token must be bound.
        is_fapi2: Whether the FAPI 2.0 Security Profile is required.
        hidden_fields: The header fields of a proxy, in lower case.

    Args:
        resource: The resource of the guard, whose origin is the default of `public_origin`.
        settings: See `PossessionSettings`.

    Raises:
        ConfigurationError: A setting is unknown, or `binding=` needs a proof that is not accepted.
    """

    def __init__(self, resource: str, **settings: Unpack[PossessionSettings]) -> None:
        _check_settings(settings)
        self.dpop, self._certificates = settings.get("dpop"), settings.get("certificates")
        self._token_header = settings.get("token_header")
        self.is_fapi2 = "profile" in settings
        self.required = settings.get("binding", "any" if self.is_fapi2 else None)
        self.is_required = self.required is not None
        self.schemes: dict[str, Sequence[str]] = {}
        if self.required != "dpop":
            self.schemes[BEARER] = ()
        if self.dpop is not None:
            self.schemes[DPOP] = self.dpop.rules.algorithms
        self.hidden_fields = frozenset[bytes]()
        if self._certificates is not None:
            self.hidden_fields = self._certificates.hidden_fields
        self._origin = ""
        if self.dpop is not None:
            self._origin = self.dpop.public_origin or normalize_origin(_origin(resource))

    def bearer_methods(
        self,
        issuers: Iterable[object],
        methods: Iterable[str],
        browsers: _Browsers,
        https: bool,  # noqa: FBT001 - a setting
    ) -> BearerMethods:
        """Return how a token may be sent to a guard with these settings.

        Raises:
            ConfigurationError: A method is unknown, or a setting contradicts the profile.
        """
        if self.is_fapi2:
            check_fapi2(issuers, methods, self.dpop)
            if self._token_header is not None:
                raise ConfigurationError("FAPI 2.0 reads Authorization: leave token_header= out.")
        has_dpop, require_https = self.dpop is not None, https or self.is_fapi2
        return BearerMethods.of(
            methods,
            self._token_header,
            browsers.token_cookie,
            require_https=require_https,
            dpop=has_dpop,
        )

    async def check(
        self, request: ResourceRequest, confirmation: Confirmation | None, now: float
    ) -> None:
        """Check that *request* proves every key that its token is bound to.

        The first use of a DPoP proof is claimed last, after every other check, so only the owner
        of a bound token adds entries to the replay store. It is not claimed again if this guard
        has done so further outside on this connection: see `was_claimed`.

        Args:
            request: The request, whose credentials were read.
            confirmation: What binds its token; None for a bearer token.
            now: Seconds since the epoch.

        Raises:
            InvalidRequest: The client's certificate is malformed, or there are several.
            InvalidDPoPProof: The proof is missing, not for this request, or was used.
            InvalidToken: The proven keys are not those of the token.
            TooManyRequests: The key of the proof has used too many proofs.
            IssuerUnavailable: The replay store can't be used.
        """
        if request.without_proof and confirmation is not None:
            raise InvalidToken(Reason.BOUND_TOKEN)  # a page proves no key there
        proof, certificate = None, None
        if self.dpop is not None and request.proofs is not None:
            proof = self._verify(self.dpop, request, now)
        if self._certificates is not None and confirmation is not None:
            certificate = self._certificates.thumbprint(request)
        thumbprint = None if proof is None else proof.thumbprint
        proven = ProvenKeys(thumbprint, certificate)
        check_binding(confirmation, proven, self.required)
        if self.dpop is not None and proof is not None and not was_claimed(request, self.dpop):
            await self.dpop.claim(proof, now)
            request.claimed_in = self.dpop
            if proof.next_nonce is not None:
                nonce = proof.next_nonce.encode("ascii")
                request.response_headers += ((b"dpop-nonce", nonce), _NO_STORE)
        if certificate is not None and self._certificates is not None and self._certificates.vary:
            request.response_headers += ((b"vary", self._certificates.vary),)
        _trace(request, proven)

    def _verify(self, dpop: DPoP, request: ResourceRequest, now: float) -> DPoPProof:
        if request.scheme != DPOP:
            # The proof says that the token is bound, the scheme that it is not (RFC 9449 §7.2).
            raise InvalidToken(Reason.PROOF_WITHOUT_DPOP)
        try:
            uri = target_uri(self._origin, request.full_path)
        except ValueError:
            raise InvalidDPoPProof(Reason.WRONG_PROOF_URI) from None
        proven = ProvenRequest(request.method, uri, request.token.text)
        return verify_proof(request.proofs or (), proven, dpop.rules, now)

    @property
    def metadata(self) -> Mapping[str, object]:
        """The members of the resource's metadata about bound tokens (RFC 9728 §2)."""
        return {
            "dpop_signing_alg_values_supported": list(self.schemes.get(DPOP, ())),
            "dpop_bound_access_tokens_required": self.required == "dpop",
            "tls_client_certificate_bound_access_tokens": self._certificates is not None,
        }

    def measurements(self) -> Iterator[Measurement]:
        """Yield what is measured about the replay store."""
        yield from measurements_of(self.dpop)

    async def load(self) -> None:
        """Check the replay store; see `DPoP.load`."""
        if self.dpop is not None:
            await self.dpop.load()

    async def aclose(self) -> None:
        """Close the replay store."""
        if self.dpop is not None:
            await self.dpop.aclose()


def _check_settings(settings: PossessionSettings) -> None:
    if unknown := settings.keys() - PossessionSettings.__annotations__.keys():
        raise ConfigurationError(f"{min(unknown)}= is not a setting of a guard.")
    required = settings.get("binding", "any" if "profile" in settings else None)
    check_binding_setting(required)
    proofs = {"dpop": settings.get("dpop"), "mtls": settings.get("certificates")}
    if required is not None and not any(
        proof is not None and required in {name, "any"} for name, proof in proofs.items()
    ):
        raise ConfigurationError(
            f'binding="{required}" needs a proof that the guard can verify: add dpop=DPoP() or '
            "certificates=TLSExtension()."
        )


def _trace(request: ResourceRequest, proven: ProvenKeys) -> None:
    """Append to the trace of *request*, if it has one, that it has *proven* its keys."""
    if request.trace is not None:
        names = zip(("DPoP proof", "client certificate"), proven, strict=True)
        found = " and ".join(name for name, thumbprint in names if thumbprint is not None)
        request.trace.passed(Step.POSSESSION, found)


def _origin(resource: str) -> str:
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}"
