"""check_fapi2: what the FAPI 2.0 Security Profile demands of a resource server (§5.3.4, §5.4.1)."""

from collections.abc import Iterable
from typing import Final

from oauth_guard.errors import ConfigurationError
from oauth_guard.possession.dpop import DPoP

__all__ = ["FAPI2_ALGORITHMS", "check_fapi2"]

FAPI2_ALGORITHMS: Final = frozenset({"PS256", "ES256", "EdDSA", "Ed25519"})
"""The signature algorithms of tokens and proofs that the profile allows."""


def check_fapi2(
    issuers: Iterable[object], bearer_methods: Iterable[str], dpop: DPoP | None
) -> None:
    """Check that no setting of a guard contradicts the profile.

    The guard then requires TLS and a bound token, and introspects each token on each request,
    since the profile demands its revocation status. Not checked: how the server is configured
    for TLS.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    names = [bearer_methods] if isinstance(bearer_methods, str) else list(bearer_methods)
    if names != ["header"]:
        raise ConfigurationError('profile="fapi2" allows tokens in the header only.')
    if dpop is not None and not dpop.is_shared:
        raise ConfigurationError(
            'profile="fapi2" needs a replay store that processes share: write '
            "dpop=DPoP(replays=RedisOnce(...))."
        )
    if dpop is not None and not FAPI2_ALGORITHMS.issuperset(dpop.rules.algorithms):
        raise ConfigurationError(
            f'profile="fapi2" allows proofs signed with {", ".join(sorted(FAPI2_ALGORITHMS))}.'
        )
    for issuer in issuers:
        _check_issuer(issuer)


def _check_issuer(issuer: object) -> None:
    name = getattr(issuer, "issuer", "a tenant's issuer")
    if not getattr(issuer, "can_introspect", False):
        raise ConfigurationError(
            f'profile="fapi2" demands the revocation status of each token, which {name} can\'t '
            "give: use IntrospectionIssuer, or JWTIssuer(..., introspection=...)."
        )
    algorithms = getattr(issuer, "algorithms", FAPI2_ALGORITHMS)
    if not FAPI2_ALGORITHMS.issuperset(algorithms):
        raise ConfigurationError(
            f'profile="fapi2" allows tokens of {name} that are signed with PS256, ES256 or EdDSA: '
            'write algorithms=["PS256", "ES256", "EdDSA"].'
        )
