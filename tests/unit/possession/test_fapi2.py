"""check_fapi2 refuses each setting that contradicts the profile."""

from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.errors import ConfigurationError
from oauth_guard.possession import DPoP
from oauth_guard.possession.fapi2 import FAPI2_ALGORITHMS, check_fapi2
from oauth_guard.stores.replays import MemoryOnce

NAME = "https://as.test"
OPAQUE = IntrospectionIssuer(NAME, client=ClientSecretBasic("api", "secret"))
SHARED = MemoryOnce()


def jwt_issuer(**settings: Any) -> JWTIssuer:
    """Return an issuer of JWTs that can introspect."""
    return JWTIssuer(NAME, introspection=OPAQUE, **settings)


@pytest.mark.parametrize("dpop", [None, DPoP(replays=SHARED)], ids=["certificates", "DPoP"])
def test_settings_of_the_profile_are_accepted(dpop: DPoP | None) -> None:
    """For opaque tokens and for JWTs."""
    check_fapi2([OPAQUE, jwt_issuer(algorithms=sorted(FAPI2_ALGORITHMS))], ["header"], dpop)


@pytest.mark.parametrize(
    ("issuer", "methods", "dpop", "advice"),
    [
        (OPAQUE, ["header", "query"], None, "in the header only"),
        (OPAQUE, ["header", "body"], None, "in the header only"),
        (OPAQUE, ["header"], DPoP(), "replay store that processes share"),
        (OPAQUE, ["header"], DPoP(replays=SHARED, algorithms=["ES384"]), "proofs signed with"),
        (JWTIssuer(NAME), ["header"], None, "revocation status"),
        (jwt_issuer(), ["header"], None, "PS256, ES256 or EdDSA"),
        (jwt_issuer(algorithms=["RS256"]), ["header"], None, "PS256, ES256 or EdDSA"),
        (object(), ["header"], None, "tenant"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_setting_that_contradicts_the_profile_is_refused(
    issuer: Any, methods: list[str], dpop: DPoP | None, advice: str
) -> None:
    """When the guard is built."""
    with pytest.raises(ConfigurationError, match=advice):
        check_fapi2([issuer], methods, dpop)


def test_token_header_contradicts_the_profile() -> None:
    """FAPI 2.0 reads the token from `Authorization` alone."""
    with pytest.raises(ConfigurationError, match="leave token_header= out"):
        Guard(
            "https://api.test",
            [OPAQUE],
            profile="fapi2",
            dpop=DPoP(replays=SHARED),
            token_header="X-Token",
        )


def test_one_method_may_be_written_as_a_string() -> None:
    """As everywhere."""
    check_fapi2([OPAQUE], "header", None)
