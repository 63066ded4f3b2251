"""observe(): what a client sees of the guarded site behind one server."""

import asyncio
import http.client
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from oauth_guard.testing import DPoPKey, LocalIssuer
from tests.robustness.asgi_servers.servers import Running, Server, running

COLUMNS = (
    "response over HTTP",
    "response to a handshake",
    "`Authorization` in mixed case",
    "rejected upload of 5 MB",
    "root path `/api`: the proxy",
    "metadata there",
    "DPoP proof there",
    "request while it stops",
    "guard when it stops",
)
_FIELDS = {401: "www-authenticate", 403: "www-authenticate", 503: "retry-after"}
_ORIGIN = "https://api.test"
_METADATA = "/.well-known/oauth-protected-resource"
_OK = 200
_UPLOAD = 5_000_000


class _Client:
    """Sends requests with tokens of the issuer that the site trusts, or of one that is down."""

    def __init__(self, resource: str) -> None:
        self.issuer = LocalIssuer(audience=resource)
        self._down = LocalIssuer("https://down.invalid", audience=resource)
        self.site = {
            "resource": resource,
            "issuer": self.issuer.issuer,
            "jwks": self.issuer.jwks,
        }

    def rejected(self) -> list[tuple[str, str | None]]:
        """Return the path and the token of a 401, a 403 and a 503."""
        return [("/me", None), ("/pay", self.issuer.token()), ("/me", self._down.token())]


def _request(
    port: int, path: str, *fields: tuple[str, str], method: str = "GET"
) -> tuple[int, dict[str, str], str]:
    """Send header *fields* exactly as they are written; return status, fields and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read().decode()
    finally:
        connection.close()


def _authorization(token: str | None, name: str = "Authorization") -> list[tuple[str, str]]:
    return [] if token is None else [(name, f"Bearer {token}")]


def _shown(status: int, headers: dict[str, str]) -> str:
    """Return the status, and whether the header field is missing that the guard sends with it."""
    return f"{status}" if _FIELDS.get(status) in headers else f"{status} alone"


async def _handshake(port: int, path: str, token: str | None) -> str:
    """Return the message of the site, or what the client sees of the rejection."""
    opening = connect(
        f"ws://127.0.0.1:{port}{path}", additional_headers=_authorization(token), proxy=None
    )
    try:
        async with opening as websocket:
            return str(await websocket.recv())
    except InvalidStatus as error:
        headers = {name.lower(): value for name, value in error.response.headers.raw_items()}
        return _shown(error.response.status_code, headers)


def _rejections(port: int, client: _Client) -> str:
    seen = []
    for path, token in client.rejected():
        status, headers, _ = _request(port, path, *_authorization(token))
        seen.append(_shown(status, headers))
    return ", ".join(seen)


def _handshakes(port: int, client: _Client) -> str:
    seen = [asyncio.run(_handshake(port, path, token)) for path, token in client.rejected()]
    for path, token in (("/me", client.issuer.token()), ("/pay", client.issuer.token("pay"))):
        assert asyncio.run(_handshake(port, path, token)) == "u1"
    return ", ".join(seen)


def _mixed_case(port: int, client: _Client) -> str:
    """Send `Authorization` in mixed case once, and twice in two spellings."""
    token = client.issuer.token()
    once = _request(port, "/me", *_authorization(token, "aUTHORIZATION"))
    twice = _request(port, "/me", *_authorization(token), *_authorization(token, "aUTHORIZATION"))
    return f"{once[0]}, two of them {twice[0]}"


def _upload(port: int, client: _Client) -> str:
    """Send a large body without a token, and then a request with one on the same connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/me", body=bytes(_UPLOAD))
        response = connection.getresponse()
        response.read()
        connection.request("GET", "/me", headers=dict(_authorization(client.issuer.token())))
        assert connection.getresponse().status == _OK
    except OSError:
        return "connection closed"
    finally:
        connection.close()
    return f"{response.status}"


def _stop(server: Running, client: _Client) -> list[str]:
    """Ask the server to stop while it serves a request; return what becomes of both."""
    fields = _authorization(client.issuer.token())
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(_request, server.port, "/slow", *fields)
        server.wait_for("started")
        server.process.send_signal(signal.SIGTERM)
        try:
            finished = slow.result()[0] == _OK
        except (OSError, http.client.HTTPException):
            finished = False
    server.process.wait(30)
    events = server.events()
    if "closed" not in events:
        closed = "not closed"
    else:
        is_last = not finished or events.index("finished") < events.index("closed")
        closed = "closed after it" if is_last else "closed before it"
    return ["finished" if finished else "cut off", closed]


def _root_path(port: int, client: _Client) -> list[str]:
    """Return which proxy the root path is for, and whether metadata and proofs are right there."""
    fields = _authorization(client.issuer.token())
    forms = {"removes it": "/me", "keeps it": "/api/me"}
    responses = {form: _request(port, path, *fields) for form, path in forms.items()}
    served = {form: forms[form] for form, response in responses.items() if response[0] == _OK}
    if all(responses[form][1]["root-path"] != "/api" for form in served):
        return ["setting ignored", _metadata(port), "-"]
    form = "removes or keeps it" if len(served) == len(forms) else "".join(served)
    return [form, _metadata(port), _proof(port, client, served)]


def _metadata(port: int) -> str:
    """Return whether the address in a challenge is served, with the metadata of the resource."""
    address = f"{_METADATA}/api"
    _, headers, _ = _request(port, "/api/me")
    assert f'resource_metadata="{_ORIGIN}{address}"' in headers["www-authenticate"], headers
    status, _, body = _request(port, address)
    return "served" if status == _OK and f'"{_ORIGIN}/api"' in body else f"{status}"


def _proof(port: int, client: _Client, served: dict[str, str]) -> str:
    """Return whether a proof for the URL that clients call is accepted."""
    key = DPoPKey()
    token = client.issuer.token(cnf=key.cnf)
    statuses = set()
    for path in served.values():
        proof = key.proof(token, "GET", f"{_ORIGIN}/api/me")
        fields = ("Authorization", f"DPoP {token}"), ("DPoP", proof)
        statuses.add(_request(port, path, *fields)[0])
    return "accepted" if statuses == {_OK} else ", ".join(map(str, sorted(statuses)))


def observe(server: Server, folder: Path) -> tuple[str, ...]:
    """Return the cells of *server*: its name, and one for each of `COLUMNS`."""
    client = _Client(_ORIGIN)
    (folder / "plain").mkdir()
    with running(server, folder / "plain", client.site) as process:
        port = process.port
        probes = (_rejections, _handshakes, _mixed_case, _upload)
        seen = [probe(port, client) for probe in probes]
        stopped = _stop(process, client)
    below = _Client(f"{_ORIGIN}/api")
    (folder / "root_path").mkdir()
    with running(server, folder / "root_path", below.site, "/api") as process:
        return (server.name, *seen, *_root_path(process.port, below), *stopped)
