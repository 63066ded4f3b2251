"""userinfo(): the claims about the person of an access token (OpenID Connect Core §5.3)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo_api.authorization_server.accounts import Account
from demo_api.authorization_server.server import Server

_CHALLENGE = "WWW-Authenticate"


def userinfo(server: Server, request: Request) -> Response:
    """Return the claims, or 401 without an active bearer token of a person or service account."""
    values = request.headers.getlist("authorization")
    scheme, _, presented = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        return Response(status_code=401, headers={_CHALLENGE: "Bearer"})
    token = server.ledger.find_token(presented.strip())
    # A token that is bound to a key proves nothing without its proof.
    if token is None or token.is_refresh_token or token.jkt or not token.authorization.subject:
        return Response(status_code=401, headers={_CHALLENGE: 'Bearer error="invalid_token"'})
    account = server.session.get_one(Account, token.authorization.subject)
    claims = {
        "sub": account.subject,
        "name": account.display_name,
        "preferred_username": account.login_name,
        "email": f"{account.login_name}@people.example",
        # What the clients of one vendor read.
        "visier:user_id": account.subject,
        "visier:tenant_id": "people-demo",
        "visier:capabilities": {},
    }
    return JSONResponse(claims, headers={"Cache-Control": "no-store"})
