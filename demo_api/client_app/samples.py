"""samples(): programs that walk the flow of a walk, with the values of this run."""

from dataclasses import dataclass

from demo_api.accounts import CLI, SERVICE, SERVICE_ACCOUNTS
from demo_api.client_app.flows import FlowKind
from demo_api.client_app.pages import text
from demo_api.client_app.walks import Walk

_TITLES = {
    "{}.sh": "Shell with curl",
    "{}-httpx.py": "Python with httpx",
    "{}-authlib.py": "Python with Authlib",
    "{}-fetch.mjs": "JavaScript with fetch",
    "{}-oauth4webapi.mjs": "JavaScript with oauth4webapi",
}


@dataclass(frozen=True)
class Sample:
    """One program, ready to copy; *file_name* is the name to save it by."""

    title: str
    file_name: str
    text: str


def samples(walk: Walk, origin: str) -> list[Sample]:
    """Return the samples for the flow of *walk*.

    They contain no token, and no value of the visitor. The code flow needs a client that can
    receive its response, so its programs use the public client `cli` at a port of their own.
    """
    client = CLI if walk.kind is FlowKind.CODE else SERVICE
    account = SERVICE_ACCOUNTS[0]
    values = {
        "origin": origin,
        "client": client.client_id,
        "secret": client.client_secret or "",
        "username": account.login_name,
        "password": account.password,
    }
    names = [(title, name.format(walk.kind)) for name, title in _TITLES.items()]
    return [Sample(title, name, text(f"samples/{name}.txt", **values)) for title, name in names]
