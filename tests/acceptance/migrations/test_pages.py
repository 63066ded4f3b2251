"""Both applications of each migration page run: the first with the real library that it names."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from oauth_guard.testing import LocalIssuer, SigningKey, trusting
from tests.acceptance.documents import ROOT, Block, blocks_of
from tests.acceptance.migrations.foreign_process import ForeignProcess
from tests.acceptance.migrations.https_proxy import https_proxy
from tests.acceptance.migrations.pages import MIGRATIONS, Migration, Row
from tests.builders.application_lifespan import running

_TABLE = re.compile(r"^\| request \|(.*)\|\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"[A-Za-z_]{5,}")
#: Names of the left column that the application before does not use; the library has them.
_FURTHER = {
    "from-fastapi-azure-auth": """
from inspect import signature
from fastapi_azure_auth import MultiTenantAzureAuthorizationCodeBearer
assert "iss_callable" in signature(MultiTenantAzureAuthorizationCodeBearer).parameters

"""
}
_NO_START = "does not start"
NAMES = sorted(MIGRATIONS)


def page(name: str) -> Path:
    """Return the path of a page."""
    return ROOT / "docs" / f"{name}.md"


def table(name: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the columns of the table of requests, and the cells of each row."""
    found = _TABLE.search(page(name).read_text(encoding="utf-8"))
    assert found is not None
    columns = [each.strip() for each in found[1].split("|")]
    rows = {}
    for line in found[2].splitlines():
        first, *cells = (each.strip() for each in line.strip("|").split("|"))
        rows[first] = cells
    return columns, rows


def blocks(name: str, language: str) -> list[Block]:
    """Return the blocks of a page: `py` is before, `python` is after."""
    return [each for each in blocks_of(page(name)) if each.language == language]


class Server:
    """The authorization server of one row, as the proxy and as a LocalIssuer."""

    def __init__(self, migration: Migration) -> None:
        self.issuer: LocalIssuer = migration.issuer()

    def respond(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[int, bytes]:
        """Respond under every URL of metadata and of keys, and to introspection."""
        if url.endswith("/introspect"):
            request = httpx.Request(method, url, headers=dict(headers), content=content)
            response = self.issuer.introspection.respond(request)
            return response.status_code, response.content
        if "/.well-known/openid" in url or "/.well-known/oauth" in url:
            issuer = self.issuer.issuer.rstrip("/")
            metadata = self.issuer.metadata | {
                "jwks_uri": f"{issuer}/jwks",
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            return 200, httpx.Response(200, json=metadata).content
        return 200, httpx.Response(200, json=self.issuer.jwks).content

    def rotate(self) -> None:
        """Replace the key."""
        self.issuer.keys = [SigningKey("k2", self.issuer.keys[0].algorithm)]


def request_of(migration: Migration, row: Row, token: str | None) -> dict[str, Any]:
    """Return the arguments of the request of *row*."""
    own = {"method": "GET", **migration.request}
    fields = {**own.get("headers", {})}
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    return {**own, "url": row.path or migration.path, "headers": fields}


def before(name: str, migration: Migration, folder: Path) -> dict[str, list[str]]:
    """Return the cells that the applications before have, by row."""
    columns, _ = table(name)
    found: dict[str, list[str]] = {}
    server = Server(migration)
    with (
        https_proxy(server.respond) as proxy,
        ForeignProcess(proxy.environment(folder)) as process,
    ):
        for title, row in migration.rows.items():
            for column, block in zip(columns, blocks(name, "py"), strict=False):
                server.issuer = migration.issuer()
                proxy.down = row.situation == "down"
                make = row.opaque if column in migration.opaque else row.token
                started = process.start(block.text)
                if row.situation == "rotated":
                    assert process.status(_sent(migration, row, make, server.issuer)) == 200
                    server.rotate()
                status = process.status(_sent(migration, row, make, server.issuer))
                found.setdefault(title, []).append(str(status) if started else _NO_START)
    return found


def _sent(migration: Migration, row: Row, make: Any, issuer: LocalIssuer) -> dict[str, Any]:
    return request_of(migration, row, make and make(issuer))


async def after(name: str, migration: Migration, row: Row) -> set[str]:
    """Return the statuses of the guarded application, for each kind of token of *row*."""
    statuses = set()
    for make in (row.token, row.opaque) if row.opaque else (row.token,):
        names: dict[str, Any] = {}
        (block,) = blocks(name, "python")
        exec(compile(block.text, block.page, "exec"), names)  # noqa: S102 - our own text
        server = Server(migration)
        server.issuer.outage = _refuse if row.situation == "down" else None
        with trusting(names["guard"], server.issuer):
            transport = httpx.ASGITransport(names["app"])
            base = "https://mcp.example.com"
            async with (
                running(names["app"]),
                httpx.AsyncClient(transport=transport, base_url=base) as client,
            ):
                if row.situation == "rotated":
                    first = _sent(migration, row, make, server.issuer)
                    assert (await client.request(**first)).status_code == 200
                    server.rotate()
                sent = _sent(migration, row, make, server.issuer)
                statuses.add(str((await client.request(**sent)).status_code))
    return statuses


async def _refuse(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(0)
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize("name", NAMES)
async def test_guard_of_a_migration_page_treats_callers_as_its_table_says(name: str) -> None:
    """The last column; each row is a request that is sent."""
    migration = MIGRATIONS[name]
    _, rows = table(name)
    found = {title: await after(name, migration, row) for title, row in migration.rows.items()}
    assert found == {title: {cells[-1]} for title, cells in rows.items()}


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_foreign_library_of_a_migration_page_does_what_its_table_says(
    name: str, tmp_path: Path
) -> None:
    """The columns before, with the newest release of the library in an environment of its own."""
    _, rows = table(name)
    with ForeignProcess({}) as process:
        further = process.run(_FURTHER.get(name, ""))
    assert further is None
    found = before(name, MIGRATIONS[name], tmp_path)
    assert found == {title: cells[:-1] for title, cells in rows.items()}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_left_column_are_in_the_application_before(name: str) -> None:
    """So each of them is one that the library has."""
    known = "".join(each.text for each in blocks(name, "py")) + _FURTHER.get(name, "")
    text = page(name).read_text(encoding="utf-8").partition("What a caller gets")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    names = {each for cell in cells for code in _CODE.findall(cell) for each in _NAME.findall(code)}
    assert {each for each in names if each not in known} <= {"issuer"}
