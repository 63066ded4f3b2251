"""PEERS: the libraries to measure, and remarks about their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OPAQUE = "opaque"
OUTAGE = "outage"
REFUSALS = "refusals"

_SIGNED_ALONE = {OPAQUE: "accepts signed tokens only"}
_FETCHES_NOTHING = {OUTAGE: "the application must fetch and cache keys"}
_BY_HAND = {"none": "with the smallest middleware that can be written around it"}
_VERIFIES_NOTHING = "the application must verify the token"


@dataclass(frozen=True)
class Peer:
    """One column of the table.

    Attributes:
        name: Its heading.
        setup: The module in `setups` that sets it up.
        packages: The packages whose versions are shown.
        dashes: What can't be measured, and why.
        remarks: Remarks about a number, by the same causes or by the name of the path.
    """

    name: str
    setup: str
    packages: Sequence[str]
    dashes: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)


OURS = Peer(
    "oauth_guard",
    "ours",
    ["cryptography", "pyjwt", "httpx"],
    remarks={OUTAGE: "for one hour, which `stale_if_error` changes"},
)

PEERS: Sequence[Peer] = [
    OURS,
    Peer(
        "Starlette",
        "starlette",
        ["starlette"],
        dict.fromkeys([OPAQUE, OUTAGE, REFUSALS], _VERIFIES_NOTHING),
    ),
    Peer(
        "Authlib",
        "authlib",
        ["authlib"],
        _FETCHES_NOTHING,
        {OPAQUE: "introspects synchronously and blocks the event loop"},
    ),
    Peer("PyJWT", "pyjwt", ["pyjwt"], _SIGNED_ALONE, _BY_HAND),
    Peer("joserfc", "joserfc", ["joserfc"], _SIGNED_ALONE | _FETCHES_NOTHING, _BY_HAND),
    Peer("mcp", "mcp", ["mcp"]),
    Peer("fastmcp", "fastmcp", ["fastmcp"]),
    Peer("auth0-api-python", "auth0", ["auth0-api-python", "auth0-fastapi-api"], _SIGNED_ALONE),
    Peer(
        "fastapi-azure-auth",
        "azure",
        ["fastapi-azure-auth"],
        _SIGNED_ALONE,
        dict.fromkeys(["junk", "forged"], "logs each with a traceback, at WARNING"),
    ),
    Peer("axioms-fastapi", "axioms", ["axioms-fastapi"], _SIGNED_ALONE),
]
