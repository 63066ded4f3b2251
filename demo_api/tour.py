"""Tour: the OAuth workflow as a client performs it, and the requests that are rejected."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from demo_api.accounts import credentials_document
from demo_api.bound_client import BoundClient
from demo_api.greeting import credentials_command
from demo_api.page_form import PageForm

_AUTHORIZE, _TOKEN = "/v1/auth/oauth2/authorize", "/v1/auth/oauth2/token"


class UnexpectedResponseError(Exception):
    """The demo sent another response than the tour expects."""


class Tour:
    """Performs the requests of a client and of a person's browser, and prints explanations."""

    def __init__(self, client: httpx.Client, browser: httpx.Client, origin: str) -> None:
        """Use the demo at *origin*."""
        self._client = client
        self._browser = browser
        self._credentials = credentials_document(origin)

    def run(self) -> None:
        """Perform every step."""
        issuer = self._credentials["issuer"]
        print(f"A tour of the demo at {issuer}. Secrets and tokens are shortened.")
        ada, visible = self._code_flow()
        everyone = self._password_flow()
        hidden = next((each for each in everyone if each not in visible), None)
        if hidden is None:
            raise UnexpectedResponseError("ada sees every employee")
        self._rejections(ada, hidden)
        self._bound_token()
        print(f"\nThe tour is complete. The credentials to try it by hand: {credentials_command()}")

    def _code_flow(self) -> tuple[str, list[dict[str, Any]]]:
        """Get a token for ada; return it, and the employees that she may see."""
        _heading("The code flow: ada allows the client demo-web to read for her")
        verifier = secrets.token_urlsafe(48)
        code = self._obtain_code(verifier)
        _step(
            3,
            "Token",
            "The client authenticates; the verifier proves that it started the flow.",
        )
        token = self._token(
            "demo-web", grant_type="authorization_code", code=code, code_verifier=verifier
        )
        _step(
            4, "Resource", "The guard validates the token; the API shows what the caller may see."
        )
        self._get("/v1/me", token)
        return token, self._employees(token)

    def _obtain_code(self, verifier: str) -> str:
        _step(
            1, "Request", "The client keeps a verifier and sends its hash along with ada's browser."
        )
        state = secrets.token_urlsafe(12)
        query = {
            "response_type": "code",
            "client_id": "demo-web",
            "scope": "read",
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": _challenge(verifier),
        }
        page = expect(200, self._browser.get(_AUTHORIZE, params=query))
        _step(
            2,
            "Consent",
            "She signs in and allows it. The client does not see her password.",
        )
        password = self._credentials["resource_owners"]["ada"]["password"]
        redirect = self._submit(page, username="ada", password=password, action="sign-in")
        page = expect(200, self._browser.get(redirect.headers["location"]))
        callback = self._submit(page, action="allow").headers["location"]
        parameters = dict(parse_qsl(urlsplit(callback).query))
        if parameters.get("state") != state or "code" not in parameters:
            raise UnexpectedResponseError(f"no code came back, but {', '.join(parameters)}")
        print("        Her browser follows it. The client gets a code that works once.")
        return parameters["code"]

    def _password_flow(self) -> list[dict[str, Any]]:
        """Get a token for the service account; return the employees that it may see."""
        _heading("The password flow: a service account, without a person")
        _step(1, "Request", "There is no browser: the client calls the token endpoint itself.")
        _step(2, "Consent", "The operator consented by giving the password to the client.")
        _step(3, "Token", "People can't sign in this way: clients must not get their passwords.")
        account = self._credentials["service_accounts"]["svc-etl"]
        token = self._token(
            "demo-service", grant_type="password", username="svc-etl", password=account["password"]
        )
        _step(4, "Resource", "It sees every organisation, by the API's own membership table.")
        self._get("/v1/me", token)
        return self._employees(token)

    def _rejections(self, ada: str, hidden: dict[str, Any]) -> None:
        _heading("What is rejected")
        _step(1, "No token", "The challenge names the metadata, which says where to get one.")
        expect(401, self._client.get("/v1/me"))
        _step(2, "Expired", "A token from an endpoint whose clock is one hour slow.")
        expired = self._token("demo-service", "/an-hour-ago", grant_type="client_credentials")
        expect(401, self._client.get("/v1/me", headers=_bearer(expired)))
        _step(3, "Scope", "ada allowed `read`, so the token does not allow writing.")
        new_employee = {"name": "Charles Babbage", "title": "Mechanic"}
        added = self._client.post("/v1/data/employees", json=new_employee, headers=_bearer(ada))
        expect(403, added)
        _step(4, "Hidden", f"ada may not see {hidden['name']} of {hidden['organisation']}.")
        path = f"/v1/data/employees/{hidden['id']}"
        expect(404, self._client.get(path, headers=_bearer(ada)))
        _step(5, "Recent", "Removing someone needs a person who signed in within a minute.")
        service = self._token("demo-service", grant_type="client_credentials", scope="write")
        expect(401, self._client.delete(path, headers=_bearer(service)))

    def _bound_token(self) -> None:
        """Get a token that is bound to a key, use it, and fail to use it without the key."""
        _heading("A stolen token: it is bound to a key that the thief does not have")
        owner, thief = BoundClient(), BoundClient()
        url = f"{self._credentials['resource']}/data/headcount"
        _step(1, "Bound", "The token request has a DPoP proof, so the token names its key.")
        proof = owner.proof("POST", self._credentials["issuer"] + _TOKEN)
        token = self._token(
            "demo-service", headers={"DPoP": proof}, grant_type="client_credentials", scope="read"
        )
        _step(2, "Nonce", "The resource wants a nonce of its own in each proof, and sends one.")
        response = expect(
            401, self._client.get(url, headers=owner.headers("GET", url, token, None))
        )
        nonce = response.headers["dpop-nonce"]
        _step(3, "Owner", "With the nonce and the key, the request is accepted.")
        headers = owner.headers("GET", url, token, nonce)
        expect(200, self._client.get(url, headers=headers))
        _step(4, "Replay", "The same proof a second time.")
        expect(401, self._client.get(url, headers=headers))
        _step(5, "Thief", "The token with a proof of another key, and as a bearer token.")
        expect(401, self._client.get(url, headers=thief.headers("GET", url, token, nonce)))
        expect(401, self._client.get(url, headers=_bearer(token)))

    def _submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Fill in the form of *page* and send it from the browser."""
        form = PageForm.of(page.text)
        return expect(303, self._browser.post(form.action, data=form.hidden | fields))

    def _token(
        self, client_id: str, prefix: str = "", headers: dict[str, str] | None = None, **form: str
    ) -> str:
        secret = self._credentials["clients"][client_id]["client_secret"]
        fields = {"Authorization": _basic(client_id, secret), **(headers or {})}
        response = expect(200, self._client.post(prefix + _TOKEN, data=form, headers=fields))
        token: str = response.json()["access_token"]
        return token

    def _employees(self, token: str) -> list[dict[str, Any]]:
        employees: list[dict[str, Any]] = self._get("/v1/data/employees", token).json()["employees"]
        return employees

    def _get(self, path: str, token: str) -> httpx.Response:
        return expect(200, self._client.get(path, headers=_bearer(token)))


def expect(status: int, response: httpx.Response) -> httpx.Response:
    """Return *response*; raise UnexpectedResponseError if its status is not *status*."""
    if response.status_code != status:
        path = response.request.url.path
        raise UnexpectedResponseError(f"{path} returned {response.status_code}, not {status}")
    return response


def _challenge(verifier: str) -> str:
    """Return the hash of *verifier*, as PKCE requires (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _basic(client_id: str, secret: str) -> str:
    """Return a client's Basic credentials, each part encoded separately (RFC 6749 §2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _heading(title: str) -> None:
    print(f"\n{title}\n{'=' * len(title)}")


def _step(number: int, name: str, explanation: str) -> None:
    print(f"\n{number}  {name}. {explanation}")
