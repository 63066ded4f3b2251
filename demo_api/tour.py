"""Tour: the workflow as a client walks it, and what it is refused."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from demo_api.cast import credentials_document
from demo_api.greeting import credentials_command
from demo_api.page_form import PageForm

_AUTHORIZE, _TOKEN = "/v1/auth/oauth2/authorize", "/v1/auth/oauth2/token"


class UnexpectedAnswerError(Exception):
    """The demo answered otherwise than the tour says it does."""


class Tour:
    """The client, the browser of the person before it, and what we tell of both."""

    def __init__(self, client: httpx.Client, browser: httpx.Client, origin: str) -> None:
        """Walk through the demo at *origin*."""
        self._client = client
        self._browser = browser
        self._cast = credentials_document(origin)

    def walk(self) -> None:
        """Go all the way."""
        print(f"A tour of the demo at {self._cast['issuer']}. Secrets and tokens are shortened.")
        ada, hers = self._code_flow()
        everyone = self._password_flow()
        stranger = next((each for each in everyone if each not in hers), None)
        if stranger is None:
            raise UnexpectedAnswerError("nobody is left whom ada may not see")
        self._refusals(ada, stranger)
        print(f"\nThat is all. What it takes to try by hand: {credentials_command()}")

    def _code_flow(self) -> tuple[str, list[dict[str, Any]]]:
        """Get a token for ada; return it, and the people whom she may see."""
        _chapter("The code flow: ada lets the client demo-web read for her")
        verifier = secrets.token_urlsafe(48)
        code = self._ask_for_consent(verifier)
        _step(3, "Token", "The client proves who it is, and that it is the one who asked.")
        token = self._token(
            "demo-web", grant_type="authorization_code", code=code, code_verifier=verifier
        )
        _step(4, "Resource", "The guard turns it into an identity; the API knows whom to show.")
        self._get("/v1/me", token)
        return token, self._employees(token)

    def _ask_for_consent(self, verifier: str) -> str:
        _step(1, "Ask", "The client keeps a secret, and sends ada's browser off with its hash.")
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
        _step(2, "Consent", "She signs in where she is known, and allows it. No client looks on.")
        password = self._cast["resource_owners"]["ada"]["password"]
        onward = self._submit(page, username="ada", password=password, action="sign-in")
        page = expect(200, self._browser.get(onward.headers["location"]))
        home = self._submit(page, action="allow").headers["location"]
        answer = dict(parse_qsl(urlsplit(home).query))
        if answer.get("state") != state or "code" not in answer:
            raise UnexpectedAnswerError(f"no code came back, but {', '.join(answer)}")
        print("        Her browser goes there. The client listens, and has a code that works once.")
        return answer["code"]

    def _password_flow(self) -> list[dict[str, Any]]:
        """Get a token for the service account; return the people whom it may see."""
        _chapter("The password flow: a service account, with nobody in front of it")
        _step(1, "Ask", "There is no browser to send anywhere: the client asks by itself.")
        _step(2, "Consent", "Whoever gave the account's password to the client has consented.")
        _step(3, "Token", "People can't sign in like this: their passwords are not for clients.")
        account = self._cast["service_accounts"]["svc-etl"]
        token = self._token(
            "demo-service", grant_type="password", username="svc-etl", password=account["password"]
        )
        _step(4, "Resource", "It sees every organisation, since the API keeps it so.")
        self._get("/v1/me", token)
        return self._employees(token)

    def _refusals(self, ada: str, stranger: dict[str, Any]) -> None:
        _chapter("What is refused")
        _step(1, "No token", "The answer says where to learn how to get one, and nothing else.")
        expect(401, self._client.get("/v1/me"))
        _step(2, "Expired", "A real token, from a token endpoint whose clock is an hour slow.")
        old = self._token("demo-service", "/an-hour-ago", grant_type="client_credentials")
        expect(401, self._client.get("/v1/me", headers=_bearer(old)))
        _step(3, "Scope", "ada allowed to read, so the token can't write.")
        somebody = {"name": "Charles Babbage", "title": "Mechanic"}
        added = self._client.post("/v1/data/employees", json=somebody, headers=_bearer(ada))
        expect(403, added)
        _step(
            4, "Another's", f"For ada, {stranger['name']} of {stranger['organisation']} is nobody."
        )
        path = f"/v1/data/employees/{stranger['id']}"
        expect(404, self._client.get(path, headers=_bearer(ada)))

    def _submit(self, page: httpx.Response, **typed: str) -> httpx.Response:
        """Fill in the form of *page* and send it, as ada's browser would."""
        form = PageForm.of(page.text)
        return expect(303, self._browser.post(form.action, data=form.hidden | typed))

    def _token(self, client_id: str, before: str = "", **asked: str) -> str:
        secret = self._cast["clients"][client_id]["client_secret"]
        headers = {"Authorization": _basic(client_id, secret)}
        answer = expect(200, self._client.post(before + _TOKEN, data=asked, headers=headers))
        token: str = answer.json()["access_token"]
        return token

    def _employees(self, token: str) -> list[dict[str, Any]]:
        employees: list[dict[str, Any]] = self._get("/v1/data/employees", token).json()["employees"]
        return employees

    def _get(self, path: str, token: str) -> httpx.Response:
        return expect(200, self._client.get(path, headers=_bearer(token)))


def expect(status: int, response: httpx.Response) -> httpx.Response:
    """Return *response*, or raise where its status is another."""
    if response.status_code != status:
        path = response.request.url.path
        raise UnexpectedAnswerError(f"{path} answered {response.status_code}, not {status}")
    return response


def _challenge(verifier: str) -> str:
    """Return the hash of *verifier*, as PKCE wants it (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _basic(client_id: str, secret: str) -> str:
    """Return a client's credentials, each encoded before they are joined (RFC 6749 §2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _chapter(title: str) -> None:
    print(f"\n{title}\n{'=' * len(title)}")


def _step(number: int, name: str, explanation: str) -> None:
    print(f"\n{number}  {name}. {explanation}")
