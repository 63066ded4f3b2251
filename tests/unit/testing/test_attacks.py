"""attacks(): a table of attacks on one request, each of which a guarded application rejects."""

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.starlette import requires
from oauth_guard.testing import (
    Attack,
    LocalIssuer,
    LocalWebSocket,
    SigningKey,
    attacks,
    trusting,
)
from tests.unit.testing.applications import REMOTE, RESOURCE, remote_guard, shop

ATTACKS = attacks("GET /orders", "orders:read", tenant="acme")
KEYS = {name: SigningKey("k1", name) for name in ("ES256", "RS256", "EdDSA")}
GUARDS: dict[str, tuple[Guard, SigningKey]] = {
    "EC": (remote_guard(), KEYS["ES256"]),
    "RSA": (Guard(RESOURCE, [JWTIssuer(REMOTE, algorithms=["RS256"])]), KEYS["RS256"]),
    "Ed25519": (Guard(RESOURCE, [JWTIssuer(REMOTE, algorithms=["EdDSA"])]), KEYS["EdDSA"]),
    "introspection": (
        Guard(RESOURCE, [IntrospectionIssuer(REMOTE, client=ClientSecretBasic("a", "b"))]),
        KEYS["ES256"],
    ),
    "every method": (
        remote_guard(bearer_methods=["header", "body", "query"]),
        KEYS["ES256"],
    ),
}


@pytest.mark.parametrize(("guard", "key"), GUARDS.values(), ids=GUARDS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_rejected(attack: Attack, guard: Guard, key: SigningKey) -> None:
    """With each algorithm of keys, and where tokens are introspected."""
    client = TestClient(shop(guard), base_url=RESOURCE, raise_server_exceptions=False)
    with trusting(guard, LocalIssuer(key=key)) as issuer:
        attack.check(client.request(**attack.request(issuer)))


@pytest.mark.parametrize(("guard", "key"), GUARDS.values(), ids=GUARDS)
def test_request_with_a_good_token_is_served(guard: Guard, key: SigningKey) -> None:
    """The attacks above are therefore rejected for what they change."""
    client = TestClient(shop(guard), base_url=RESOURCE)
    with trusting(guard, LocalIssuer(key=key)) as issuer:
        headers = issuer.headers("orders:read", tenant="acme")
        assert client.get("/orders", headers=headers).is_success


FEED = attacks("WEBSOCKET /feed", "orders:read", tenant="acme")


def _feed(guard: Guard) -> OAuthGuardMiddleware:
    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(websocket.user.subject)
        await websocket.close()

    route = WebSocketRoute("/feed", requires("orders:read")(feed))
    return OAuthGuardMiddleware(Starlette(routes=[route]), guard)


@pytest.mark.parametrize("denial_response", [True, False])
@pytest.mark.parametrize("attack", FEED)
async def test_attack_on_a_handshake_is_rejected(attack: Attack, denial_response: bool) -> None:
    """By a server that can send a response, and by one that can only close."""
    guard = remote_guard()
    with trusting(guard) as issuer:
        sent = attack.handshake(issuer)
        app = _feed(guard)
        async with LocalWebSocket(app, **sent, denial_response=denial_response) as socket:
            attack.check(socket.response)


async def test_handshake_with_a_good_token_is_accepted() -> None:
    """The attacks above are therefore rejected for what they change."""
    guard = remote_guard()
    with trusting(guard) as issuer:
        headers = issuer.headers("orders:read", tenant="acme")
        async with LocalWebSocket(_feed(guard), "/feed", headers=headers) as socket:
            assert await socket.receive_json() == "u1"


async def test_attack_on_a_public_socket_fails() -> None:
    """Each of them, with the status of an accepted handshake."""

    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app = Starlette(routes=[WebSocketRoute("/feed", feed)])
    for attack in FEED:
        sent = attack.handshake(LocalIssuer())
        async with LocalWebSocket(app, **sent) as socket:
            with pytest.raises(AssertionError, match="has status 101"):
                attack.check(socket.response)


def test_attack_on_a_request_and_one_on_a_handshake_are_distinguished() -> None:
    """The corpora differ in what only one of them can carry."""
    on_request, on_handshake = ({each.name for each in found} for found in (ATTACKS, FEED))
    assert on_handshake - on_request == {"token as a subprotocol", "handshake of another page"}
    assert len(on_request - on_handshake) == 3
    assert len(FEED) >= 70
    with pytest.raises(ConfigurationError, match="no `request`"):
        FEED[0].request(LocalIssuer())
    with pytest.raises(ConfigurationError, match="WEBSOCKET /path"):
        ATTACKS[0].handshake(LocalIssuer())


def test_each_attack_has_a_name_and_a_sentence() -> None:
    """Names are the ids of tests, so they are unique."""
    assert len(ATTACKS) >= 70
    assert len(attacks()) >= 65
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.__name__ == attack.name for attack in ATTACKS)
    assert all(attack.sentence.endswith(".") for attack in ATTACKS)


def test_skipped_attacks_are_left_out() -> None:
    """A name that no attack has is an error, so that the list stays true."""
    names = {attack.name for attack in attacks(skip=["no audience"])}
    assert len(names) == len(attacks()) - 1
    with pytest.raises(ConfigurationError, match="names no attack by no scope"):
        attacks(skip=["no scope"])


@pytest.mark.parametrize("request_line", ["/orders", "GET", "GET orders"])
def test_request_without_method_or_path_is_rejected(request_line: str) -> None:
    """The sentence shows what to write."""
    with pytest.raises(ConfigurationError, match="GET /orders"):
        attacks(request_line)
