"""probe(): each finding about issuers and resource, against real servers."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from oauth_guard.cli.probes import Finding, probe
from oauth_guard.config import load_config
from tests.builders.issuer_server import IssuerServer, issuer_server
from tests.builders.policy_server import policy_server

OPAQUE = """
[[issuers]]
kind = "introspection"
issuer = "{url}"
client = {{ client_id = "api", secret = "s3cret" }}
"""
_SECRET = ', client = { client_id = "api", secret = "s3cret" }'
METADATA = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource"


@pytest.fixture(name="server")
def running_server() -> Iterator[IssuerServer]:
    """A server at which all is well."""
    with issuer_server() as server:
        yield server


async def _probe(
    folder: Path,
    server: IssuerServer,
    more: str = "",
    *,
    issuer: str = OPAQUE,
    top: str = "",
    deadline: float = 20,
) -> dict[tuple[str, str], Finding]:
    path = folder / "guard.toml"
    text = f'resource = "{server.url}"\n{top}\n{issuer.format(url=server.url)}{more}\n'
    path.write_text(text)
    found = await probe(load_config(path, {}), deadline=deadline)
    return {(each.part, each.check): each for each in found}


async def test_healthy_issuer_has_no_fault(tmp_path: Path, server: IssuerServer) -> None:
    """A signed issuer has no credentials to try."""
    found = await _probe(tmp_path, server)
    assert {key: each.status for key, each in found.items()} == {
        ("issuers[0]", "keys and metadata"): "ok",
        ("issuers[0]", "introspection"): "ok",
        ("issuers[0]", "clock"): "ok",
        ("issuers[0]", "certificate"): "warning",
        ("resource", "metadata"): "ok",
    }
    found = await _probe(tmp_path, server, issuer='[[issuers]]\nissuer = "{url}"')
    assert ("issuers[0]", "introspection") not in found


@pytest.mark.parametrize(
    ("path", "status", "faults", "text"),
    [
        ("/introspect", 401, ["introspection"], "client_refused"),
        (METADATA, 500, ["keys and metadata", "introspection"], "metadata_issuer="),
        (RESOURCE, 404, ["metadata"], "status 404; the proxy must pass this path"),
    ],
)
async def test_error_response_is_a_fault_with_advice(
    tmp_path: Path,
    server: IssuerServer,
    path: str,
    status: int,
    faults: list[str],
    text: str,
) -> None:
    """It says what to do, and has no secret in it; the other checks are well."""
    server.statuses[path] = status
    found = (await _probe(tmp_path, server)).values()
    assert [each.check for each in found if each.status == "fault"] == faults
    texts = {each.check: each.text for each in found}
    assert text in texts[faults[0]]
    assert "s3cret" not in "".join(texts.values())


@pytest.mark.parametrize(
    "document",
    [{"resource": "https://other.test"}, b"<html>", [], b"x" * 100_000],
    ids=["another", "no JSON", "no object", "long"],
)
async def test_other_document_at_the_address_of_the_metadata_is_a_fault(
    tmp_path: Path, server: IssuerServer, document: object
) -> None:
    """A client would refuse it."""
    server.documents[RESOURCE] = document
    finding = (await _probe(tmp_path, server))["resource", "metadata"]
    assert finding.status == "fault"
    assert "is not the metadata of this resource" in finding.text


@pytest.mark.parametrize(
    ("skew", "status", "text"),
    [(0, "ok", ""), (60, "fault", "behind"), (-60, "fault", "ahead")],
)
async def test_clock_that_differs_is_a_fault(
    tmp_path: Path, server: IssuerServer, skew: float, status: str, text: str
) -> None:
    """More than the leeway by default."""
    server.skew = skew
    finding = (await _probe(tmp_path, server))["issuers[0]", "clock"]
    assert finding.status == status
    assert text in finding.text


async def test_what_can_not_be_known_is_skipped(tmp_path: Path, server: IssuerServer) -> None:
    """A server without a Date, a format that no random token has, tenants, no metadata."""
    server.has_date = False
    tenants = '[[issuers]]\nkind = "tenants"\nresolve.import = "tests.unit.cli.test_probes:resolve"'
    more = f'token_format = "sk_"\n{tenants}'
    found = await _probe(tmp_path, server, more, top="metadata = false")
    assert found["issuers[0]", "clock"].status == "skipped"
    assert found["issuers[0]", "introspection"].status == "skipped"
    assert found["issuers[1]", "tenants"].status == "skipped"
    assert found["resource", "metadata"].status == "skipped"


async def resolve(_name: str) -> None:
    """Resolve no tenant."""


async def test_random_token_that_is_active_is_a_fault(tmp_path: Path, server: IssuerServer) -> None:
    """Then the address is not that of an introspection endpoint."""
    server.documents["/introspect"] = {"active": True, "aud": server.url, "sub": "a"}
    finding = (await _probe(tmp_path, server))["issuers[0]", "introspection"]
    assert finding.status == "fault"


async def test_silent_issuer_ends_within_the_deadline(tmp_path: Path, server: IssuerServer) -> None:
    """Each check that waits for it is a fault, and the others are there all the same."""
    server.silent |= {METADATA, "/"}
    found = await _probe(tmp_path, server, deadline=0.1)
    for check in ("keys and metadata", "introspection", "clock"):
        assert found["issuers[0]", check].text == "no response within 0.1 s"
    assert found["issuers[0]", "certificate"].status == "warning"
    assert ("resource", "metadata") in found


async def test_server_that_is_down_is_a_fault_of_each_check(tmp_path: Path) -> None:
    """No exception ends the command."""
    with issuer_server() as server:
        pass
    found = await _probe(tmp_path, server)
    assert {each.status for each in found.values()} == {"fault", "warning"}
    assert found["issuers[0]", "clock"].text == "no connection: ConnectError"


async def test_issuer_that_is_no_url_has_no_address(tmp_path: Path, server: IssuerServer) -> None:
    """Only its keys are asked for."""
    issuer = '[[issuers]]\nissuer = "accounts"\njwks_uri = "{url}/jwks"\n'
    found = await _probe(tmp_path, server, issuer=issuer)
    assert set(found) == {("issuers[0]", "keys and metadata"), ("resource", "metadata")}


@pytest.mark.parametrize(
    ("days", "trusted", "status", "text"),
    [
        (100, True, "ok", "valid for"),
        (5, True, "warning", "valid for"),
        (100, False, "fault", "the certificate is refused"),
    ],
    ids=["long", "short", "not trusted"],
)
async def test_end_of_the_certificate_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    trusted: bool,
    status: str,
    text: str,
) -> None:
    """It is verified by the authorities of the environment."""
    authority, other = trustme.CA(), trustme.CA()
    bundle = tmp_path / "authorities.pem"
    (authority if trusted else other).cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime.now(UTC) + timedelta(days=days)
    authority.issue_cert("127.0.0.1", not_after=end).configure_cert(context)
    with issuer_server(context) as server:
        found = await _probe(tmp_path, server)
    finding = found["issuers[0]", "certificate"]
    assert finding.status == status
    assert text in finding.text


@pytest.mark.parametrize(
    ("settings", "client", "status", "text"),
    [
        ({"decide": lambda _: False}, "", "ok", "a random subject is denied"),
        ({"decide": lambda _: True}, "", "warning", "does a policy permit"),
        ({"status": 401}, _SECRET, "fault", "client_refused"),
        ({"status": 500}, "", "fault", "bad_response"),
        ({"body": b"{}"}, "", "fault", "bad_response"),
        ({"media_type": "text/html"}, "", "fault", "media_type"),
        ({"metadata": {"policy_decision_point": "https://other.test"}}, "", "fault", "metadata"),
        ({"silent": True}, "", "fault", "timed_out"),
    ],
    ids=["denied", "permitted", "401", "500", "no decision", "HTML", "metadata", "silent"],
)
async def test_policy_decision_point_decides_about_a_random_subject(
    tmp_path: Path,
    server: IssuerServer,
    settings: dict[str, Any],
    client: str,
    status: str,
    text: str,
) -> None:
    """Whoever is permitted without being known is worth a warning; no secret is shown."""
    with policy_server() as policies:
        for name, value in settings.items():
            setattr(policies, name, value)
        top = f'policy_decision_point = {{ url = "{policies.url}"{client} }}'
        found = await _probe(tmp_path, server, top=top)
    finding = found["policy_decision_point", "evaluation"]
    assert (finding.status, text in finding.text) == (status, True), finding
    assert "s3cret" not in finding.text
    assert found["policy_decision_point", "certificate"].status == "warning"
    assert policies.evaluations == []  # its resource is no policy of an application


async def test_guard_of_a_prefix_and_nested_introspection_are_checked(
    tmp_path: Path, server: IssuerServer
) -> None:
    """Each issuer by its place, and the metadata of each resource."""
    client = 'client = { client_id = "api", secret = "s3cret" }'
    url = server.url
    nested = f'introspection = {{ kind = "introspection", issuer = "{url}", {client} }}'
    more = (
        f'[guards."/admin"]\nresource = "{url}/admin"\n[[guards."/admin".issuers]]\n'
        f'issuer = "{url}"\naudience = "admin"\n{nested}\n'
    )
    issuer = "guards./admin.issuers[0]"
    found = await _probe(tmp_path, server, more)
    assert "no_usable_keys" in found[issuer, "keys and metadata"].text
    assert found[f"{issuer}.introspection", "introspection"].status == "ok"
    assert found["guards./admin", "metadata"].status == "fault"  # no proxy passes it
    server.statuses["/introspect"] = 401
    found = await _probe(tmp_path, server, more)
    finding = found[f"{issuer}.introspection", "introspection"]
    assert finding.status == "fault"
    assert "client_refused" in finding.text
