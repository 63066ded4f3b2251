"""Views: the pages of the walk through both flows."""

from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from demo_api import accounts
from demo_api.client_app.buttons import EXPERIMENTS
from demo_api.client_app.experiments import Experiments
from demo_api.client_app.flows import FlowKind, Party
from demo_api.client_app.pages import arrows, fragment, height, page
from demo_api.client_app.registering import LONGEST_NAME, register
from demo_api.client_app.samples import samples
from demo_api.client_app.servers import ServerError, Servers
from demo_api.client_app.walks import Session, Sessions, Stage, Walk
from demo_api.flow_events import FlowEvent, flow_of
from demo_api.http_text import request_text, response_text

_STALE = "This page was open for too long or came from elsewhere. Start again from the first page."
_UNKNOWN = "This walk is not of your session, or the session has ended. Start again."
_LONGEST_BODY = 16 * 1024
_MOST_CLIENTS = 10


class Views:
    """The endpoints of the client application."""

    def __init__(self, servers: Servers) -> None:
        """Send requests to *servers*."""
        self._servers = servers
        self._experiments = Experiments(servers)
        self._sessions = Sessions()
        self._callback = servers.callback
        self._web = accounts.web(servers.callback.removesuffix("/callback"))

    async def home(self, request: Request) -> Response:
        """Show the four roles, and the two flows side by side."""
        session = self._sessions.of(request)
        response = page(
            "home.html",
            form_value=session.form_value,
            owners=accounts.RESOURCE_OWNERS,
            account=accounts.SERVICE_ACCOUNTS[0],
            api=self._servers.origin,
            walks=list(reversed(session.walks.values())),
        )
        return self._sessions.set_cookie(response, session)

    async def start(self, request: Request) -> Response:
        """Start a walk: the resource owner's request to the client."""
        session, form = await self._own_form(request)
        kind = form.get("kind", "")
        if kind == FlowKind.CODE:
            own = session.clients.get(form.get("client_id", ""))
            walk = session.add(Walk(FlowKind.CODE, own.client if own else self._web))
        elif kind == FlowKind.PASSWORD:
            walk = session.add(Walk(FlowKind.PASSWORD, accounts.SERVICE))
        else:
            raise HTTPException(400, "Choose one of the two flows.")
        walk.record(_received(request, "start", form))
        if walk.kind is FlowKind.PASSWORD:
            await self._use_password(walk, form)
        return _see(walk)

    async def clients(self, request: Request) -> Response:
        """Show the visitor's own clients; a new one's secret is shown once."""
        session = self._sessions.of(request)
        problem, session.problem = session.problem, ""
        response = page(
            "clients.html",
            form_value=session.form_value,
            longest_name=LONGEST_NAME,
            problem=problem,
            clients=[(own, own.take_secret()) for own in reversed(session.clients.values())],
        )
        return self._sessions.set_cookie(response, session)

    async def register(self, request: Request) -> Response:
        """Register a client, then redirect, so that a reload does not register another."""
        session, form = await self._own_form(request)
        if len(session.clients) >= _MOST_CLIENTS:
            session.problem = f"You have {_MOST_CLIENTS} clients already; use one of them."
            return RedirectResponse("/clients", 303)
        try:
            own = await register(self._servers, form.get("name", ""))
            session.clients[own.client.client_id] = own
        except ServerError as error:
            session.problem = str(error)
        return RedirectResponse("/clients", 303)

    async def show(self, request: Request) -> Response:
        """Show a walk: its step, its diagram, its messages and what each party knows."""
        session, walk = self._walk(request)
        await self._servers.fetch_events(walk)
        return page(
            "walk.html",
            walk=walk,
            arrows=arrows(walk),
            height=height(walk),
            stage=Stage,
            code_flow=walk.kind is FlowKind.CODE,
            form_value=session.form_value,
            owners=accounts.RESOURCE_OWNERS,
            samples=samples(walk, self._servers.origin) if walk.people else [],
            experiments=EXPERIMENTS if walk.tokens else {},
            knowledge={party: walk.known_by(party) for party in Party},
        )

    async def advance(self, request: Request) -> Response:
        """Perform the next step of a walk."""
        session, form = await self._own_form(request)
        walk = self._find(session, request)
        walk.problem = ""
        try:
            if walk.kind is FlowKind.CODE and walk.stage in {Stage.STARTED, Stage.SENT}:
                walk.stage = Stage.SENT
                return RedirectResponse(self._servers.authorization_address(walk), 303)
            if walk.kind is FlowKind.PASSWORD and walk.stage is Stage.STARTED:
                await self._use_password(walk, form)
            elif walk.stage is Stage.CODE:
                await self._servers.redeem(walk)
                walk.stage = Stage.TOKEN
            elif walk.stage is Stage.TOKEN:
                await self._servers.fetch_people(walk)
                walk.stage = Stage.DONE
        except ServerError as error:
            walk.problem = str(error)
        return _see(walk)

    async def callback(self, request: Request) -> Response:
        """Receive the authorization response (RFC 6749 §4.1.2), once for each walk."""
        session, query = self._sessions.of(request), request.query_params
        walk = session.walks.get(flow_of(query.get("state", "")) or "")
        # The secret part of the state proves that this browser started the walk; `iss` that the
        # response is from our authorization server (RFC 9207).
        if walk is None or query["state"] != walk.state:
            raise HTTPException(400, _UNKNOWN)
        if query.get("iss") != self._servers.origin:
            raise HTTPException(400, "The response is not from the expected authorization server.")
        if walk.stage is not Stage.SENT:  # the back button, or a second response
            return _see(walk)
        if code := query.get("code"):
            walk.code, walk.stage = code, Stage.CODE
            walk.record(_received(request, "callback"))
        else:
            walk.stage = Stage.DENIED
        return _see(walk)

    async def messages(self, request: Request) -> Response:
        """Return the messages that have been seen, for the script of the page."""
        _, walk = self._walk(request)
        await self._servers.fetch_events(walk)
        seen = [arrow for arrow in arrows(walk) if arrow.event]
        return JSONResponse(
            {
                "complete": len(seen) == len(walk.messages),
                "messages": [
                    {"number": each.number, "html": fragment("message.html", arrow=each)}
                    for each in seen
                ],
                "knowledge": {party: walk.known_by(party) for party in Party},
            },
            headers={"Cache-Control": "no-store"},
        )

    async def experiment(self, request: Request) -> Response:
        """Run an experiment with the token of a walk, and show its result."""
        session, form = await self._own_form(request)
        walk, name = self._find(session, request), form.get("name", "")
        if name not in EXPERIMENTS or not walk.tokens:
            raise HTTPException(400, "Choose one of the experiments, with a walk that has a token.")
        walk.problem, walk.result = "", None
        try:
            walk.result = await self._experiments.run(name, EXPERIMENTS[name].run, walk)
        except ServerError as error:
            walk.problem = str(error)
        place = "result" if walk.result else "main"
        return RedirectResponse(f"/walks/{walk.flow}#{place}", 303)

    async def _use_password(self, walk: Walk, form: dict[str, str]) -> None:
        username, password = form.get("username", ""), form.get("password", "")
        try:
            await self._servers.use_password(walk, username, password)
            walk.stage = Stage.TOKEN
        except ServerError as error:
            walk.problem = str(error)

    def _walk(self, request: Request) -> tuple[Session, Walk]:
        session = self._sessions.of(request)
        return session, self._find(session, request)

    @staticmethod
    def _find(session: Session, request: Request) -> Walk:
        walk = session.walks.get(request.path_params["flow"])
        if walk is None:
            raise HTTPException(404, _UNKNOWN)
        return walk

    async def _own_form(self, request: Request) -> tuple[Session, dict[str, str]]:
        """Return the session and the form, or raise if the form is not of this session."""
        session, body = self._sessions.of(request), b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_BODY:
                raise HTTPException(413, "The form is too large.")
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        if not session.is_own_form(form.pop("form_value", "")):
            raise HTTPException(403, _STALE)
        return session, form


def _received(request: Request, name: str, form: dict[str, str] | None = None) -> FlowEvent:
    """Return the event of a request that the client received from the browser."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    body = "&".join(f"{key}={value}" for key, value in (form or {}).items()).encode()
    fields = [("content-type", "application/x-www-form-urlencoded")] if form else []
    return FlowEvent(
        Party.CLIENT,
        name,
        request_text(request.method, target, fields, body),
        response_text(303, []),
    )


def _see(walk: Walk) -> Response:
    return RedirectResponse(f"/walks/{walk.flow}", 303)
