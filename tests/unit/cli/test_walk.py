"""walk(): what becomes of a request at the guard of a configuration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oauth_guard.reasons import Reason
from oauth_guard.testing import DPoPKey
from oauth_guard.trace import STEPS, Step
from tests.builders.explained_world import SUBJECT, ExplainedWorld, explained_world

_RULES = 'rules = [["GET /orders/*", "read"], ["WEBSOCKET /feed", "feed"]]\n'
_SERVICE = """
[forward_auth]
proxy = "nginx"
secret = ["X-Secret", "0123456789abcdef"]
public = ["/open"]

[forward_auth.rules]
rules = [["GET /orders/*", "read"]]
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExplainedWorld]:
    """Return the configuration of a resource whose issuer runs."""
    with explained_world(tmp_path) as made:
        yield made


async def test_accepted_request_has_its_caller_and_its_steps(world: ExplainedWorld) -> None:
    """No value of a claim is in the text."""
    explained = await world.walk(world.token())
    assert (explained.is_accepted, explained.status, explained.reason) == (True, 200, None)
    assert explained.identity is not None
    assert explained.identity.subject == SUBJECT
    assert explained.text == f"accepted: user of {world.server.url}"
    assert [each.outcome for each in explained.trace.outcomes()] == [
        *["passed"] * 5,
        *("not needed", "passed", "not needed"),
    ]


@pytest.mark.parametrize(
    ("claims", "request_", "step", "reason"),
    [
        ({"exp": 1}, {}, Step.CLAIMS, Reason.EXPIRED),
        ({"aud": "https://other.example.com"}, {}, Step.CLAIMS, Reason.WRONG_AUDIENCE),
        ({"iss": "https://other.example.com"}, {}, Step.ISSUER, Reason.UNKNOWN_ISSUER),
        ({"cnf": {"jkt": "A" * 43}}, {}, Step.POSSESSION, Reason.BOUND_TOKEN),
        ({}, {"scopes": ("read", "write")}, Step.REQUIREMENT, Reason.INSUFFICIENT_SCOPE),
    ],
    ids=["expired", "audience", "issuer", "bound", "scope"],
)
async def test_rejected_request_ends_at_the_step_of_its_reason(
    world: ExplainedWorld,
    claims: dict[str, Any],
    request_: dict[str, Any],
    step: Step,
    reason: Reason,
) -> None:
    """The steps after it are not reached."""
    explained = await world.walk(world.token(**claims), **request_)
    assert (explained.is_accepted, explained.reason) == (False, reason)
    assert f"rejected with {explained.status}: {reason}: " in explained.text
    outcomes = explained.trace.outcomes()
    assert [each.step for each in outcomes if each.reason is not None] == [step]
    assert {each.outcome for each in outcomes[STEPS.index(step) + 1 :]} <= {"not reached"}


async def test_opaque_token_is_sent_to_the_issuer_that_introspects_it(
    world: ExplainedWorld,
) -> None:
    """Without one it is sent nowhere."""
    assert (await world.walk("opaque")).reason == Reason.MALFORMED_TOKEN
    url = world.server.url
    world.write(
        f'resource = "{url}"\n[[issuers]]\nkind = "introspection"\nissuer = "{url}"\n'
        'client = { client_id = "api", secret = "s3cret" }\n'
    )
    assert (await world.walk("opaque")).reason == Reason.INACTIVE
    world.server.documents["/introspect"] = {
        "active": True,
        "scope": "read",
        "sub": SUBJECT,
        "client_id": "c1",
        "aud": url,
        "exp": 4_000_000_000,
    }
    assert (await world.walk("opaque", scopes=("read",))).is_accepted


async def test_outage_of_the_issuer_ends_at_its_step(world: ExplainedWorld) -> None:
    """It has the status 503."""
    token = world.token()
    world.server.statuses["/jwks"] = 500
    explained = await world.walk(token)
    assert (explained.status, explained.reason) == (503, Reason.BAD_RESPONSE)
    assert explained.trace[-1].step is Step.TOKEN


async def test_silent_issuer_ends_the_path_at_the_deadline(world: ExplainedWorld) -> None:
    """The steps before it are in the trace."""
    token = world.token()
    world.server.silent.add("/jwks")
    explained = await world.walk(token, deadline=0.3)
    assert (explained.is_accepted, explained.status, explained.reason) == (False, 503, None)
    assert explained.text.startswith("no decision: the deadline has passed")
    assert explained.trace[-1].step is Step.ISSUER
    world.server.documents["/jwks"] = {}
    world.server.ended.set()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"target": "/orders/7?x=1"}, None),
        ({"target": "/orders/7", "method": "PUT"}, Reason.NO_RULE),
        ({"target": "/feed", "method": "WEBSOCKET"}, Reason.INSUFFICIENT_SCOPE),
        ({"target": "/orders%2f7"}, Reason.AMBIGUOUS_PATH),
    ],
    ids=["read", "another method", "handshake", "ambiguous"],
)
async def test_rules_of_the_middleware_are_applied(
    world: ExplainedWorld, request_: dict[str, Any], reason: Reason | None
) -> None:
    """The path is that of the application."""
    world.configure(f"[middleware]\n[middleware.rules]\n{_RULES}")
    explained = await world.walk(world.token(), **request_)
    assert explained.reason == reason
    assert explained.status == {None: 200, Reason.AMBIGUOUS_PATH: 400}.get(reason, 403)


async def test_rules_of_the_service_for_proxies_are_applied(world: ExplainedWorld) -> None:
    """As are its public paths."""
    world.configure(_SERVICE)
    token = world.token()
    assert (await world.walk(token, target="/orders/7")).is_accepted
    assert (await world.walk(token, target="/other")).reason == Reason.NO_RULE
    assert (await world.walk("junk", target="/open")).is_accepted


async def test_no_token_is_looked_at_on_a_public_path(world: ExplainedWorld) -> None:
    """A route that requires a scope rejects each caller there."""
    world.configure('[middleware]\npublic = ["/health"]\n')
    explained = await world.walk(world.token(), target="/health", scopes=("read",))
    assert explained.reason == Reason.NO_CREDENTIALS
    explained = await world.walk("junk", target="/health")
    assert explained.is_accepted
    assert not explained.trace
    assert "the path is public" in explained.text


async def test_metadata_is_served_by_the_guard_itself(world: ExplainedWorld) -> None:
    """The application is not reached."""
    target = "/.well-known/oauth-protected-resource"
    explained = await world.walk("junk", target=target)
    assert (explained.is_accepted, explained.identity) == (True, None)
    assert explained.text == "accepted: the guard responds by itself, with status 200"


async def test_proof_is_checked_for_method_and_path(world: ExplainedWorld) -> None:
    """Of the resource's origin."""
    world.configure("[dpop]\n")
    key = DPoPKey()
    token = world.token(cnf=key.cnf)
    proof = key.proof(token, "POST", f"{world.server.url}/orders")
    request: dict[str, Any] = {"proof": proof, "target": "/orders"}
    explained = await world.walk(token, method="POST", **request)
    assert explained.is_accepted
    assert explained.trace.outcomes()[5].found == "DPoP proof"
    assert (await world.walk(token, **request)).reason == Reason.WRONG_PROOF_METHOD


async def test_token_is_in_the_field_that_the_guard_reads(world: ExplainedWorld) -> None:
    """Further fields are those of a proxy or of a client."""
    world.configure('token_header = "X-Assertion"\n')
    assert (await world.walk(world.token())).is_accepted
    world.configure()
    twice = (("Authorization", "Bearer x"),)
    explained = await world.walk(world.token(), headers=twice)
    assert explained.reason == Reason.SEVERAL_CREDENTIALS


async def test_certificate_is_that_of_the_connection(world: ExplainedWorld) -> None:
    """Without one the token is not proven."""
    world.configure('[certificates]\nkind = "tls"\n')
    token = world.token(cnf={"x5t#S256": "A" * 43})
    assert (await world.walk(token)).reason == Reason.BOUND_TOKEN
    explained = await world.walk(token, certificate="junk")
    assert explained.reason == Reason.MALFORMED_CERTIFICATE


async def test_peer_is_the_one_that_is_given(world: ExplainedWorld) -> None:
    """A certificate is read from the field of a proxy, if the peer is it."""
    world.configure(
        '[certificates]\nkind = "forwarded"\nwritten_as = "escaped-pem"\n'
        'unrewritten_peers = ["10.0.0.0/8"]\n'
    )
    token = world.token(cnf={"x5t#S256": "A" * 43})
    request: dict[str, Any] = {"headers": (("X-SSL-Client-Cert", "junk"),)}
    assert (await world.walk(token, **request)).reason == Reason.BOUND_TOKEN
    explained = await world.walk(token, peer="10.0.0.5", **request)
    assert explained.reason == Reason.MALFORMED_CERTIFICATE


async def test_guard_of_the_path_decides(world: ExplainedWorld) -> None:
    """Each of several traces."""
    resource = f"{world.server.url}/admin"
    issuer = f'issuer = "{world.server.url}"\naudience = "admin"\n'
    world.configure(
        f'[guards."/admin"]\nresource = "{resource}"\n[[guards."/admin".issuers]]\n{issuer}'
    )
    admin = world.token(aud="admin")
    assert (await world.walk(admin, target="/admin/x?y=1")).is_accepted
    assert (await world.walk(admin, target="/")).reason == Reason.WRONG_AUDIENCE
    explained = await world.walk(world.token(), target="/admin")
    assert explained.reason == Reason.WRONG_AUDIENCE
    assert explained.trace[-1].expected == "admin"
