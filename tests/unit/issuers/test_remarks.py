"""RemarkLog: one warning per issuer and remark."""

import pytest

from oauth_guard import Guard, IntrospectionIssuer, JWTIssuer, KeysOf
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.remarks import RemarkLog
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer


def _token(issuer: str, roles: object) -> AccessToken:
    rules = ClaimRules(issuer, required_claims=frozenset())
    return AccessToken.from_claims({"roles": roles}, rules)


def test_remark_is_logged_once_per_issuer(caplog: pytest.LogCaptureFixture) -> None:
    """Another form and another issuer have their own."""
    log = RemarkLog()
    for _ in range(3):
        log.log(_token("https://a", 5))
        log.log(_token("https://a", ["secret", 7]))
        log.log(_token("https://b", 6))
        log.log(_token("https://b", ["fine"]))
    assert [record.getMessage() for record in caplog.records] == [
        "https://a: a token was accepted without a part of it: roles is a number",
        "https://a: a token was accepted without a part of it: roles is an array with a number",
        "https://b: a token was accepted without a part of it: roles is a number",
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_number_of_remarks_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Many tenants can't fill the memory or the log."""
    log = RemarkLog()
    for number in range(1010):
        log.log(_token(f"https://{number}", 5))
    assert len(caplog.records) == 1000


async def test_accepted_token_with_an_unreadable_claim_is_logged_and_a_forged_one_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only the issuer can cause a line."""
    local, other = LocalIssuer(), LocalIssuer()
    guard = Guard(local.audience, [JWTIssuer(local.issuer, keys=local.jwks)])
    for issuer, lines in ((other, 0), (local, 1), (local, 1)):
        header = f"Bearer {issuer.token('read', roles=7)}".encode()
        try:
            await guard.authenticate(ResourceRequest({"headers": [(b"authorization", header)]}))
        except Exception:  # noqa: BLE001 - of the forged token
            assert issuer is other
        warnings = [each for each in caplog.records if each.levelname == "WARNING"]
        assert len(warnings) == lines
    await guard.aclose()


async def test_cached_introspection_result_is_remarked_on_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The remark names the setting for the subject."""
    local = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    issuer = IntrospectionIssuer(local.issuer, client=client, http=local.http)
    guard = Guard(local.audience, [issuer])
    token = local.introspection.issue({"aud": local.audience, "username": "ann"})
    request = ResourceRequest({"headers": [(b"authorization", f"Bearer {token}".encode())]})
    for _ in range(3):
        assert (await guard.authenticate(request)).kind == "unknown"
    (warning,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert 'see subject_from="username"' in warning.getMessage()
    assert "ann" not in warning.getMessage()
    await guard.aclose()


async def test_roles_are_the_keys_of_a_claim_if_the_issuer_is_so_configured() -> None:
    """The setting is one of `ClaimSettings`."""
    local = LocalIssuer()
    issuer = JWTIssuer(local.issuer, keys=local.jwks, role_claims=[KeysOf(("project", "roles"))])
    guard = Guard(local.audience, [issuer])
    token = local.token("read", project={"roles": {"admin": {"org": "x"}, "user": False}})
    header = f"Bearer {token}".encode()
    request = ResourceRequest({"headers": [(b"authorization", header)]})
    assert (await guard.authenticate(request)).roles == {"admin"}
    await guard.aclose()
