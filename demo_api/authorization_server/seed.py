"""seed(): create the tables and insert the demo's accounts and clients."""

from functools import cache

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from demo_api import accounts
from demo_api.authorization_server.accounts import Account, AccountKind
from demo_api.authorization_server.client_authentication import CONFIDENTIAL, NONE
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.hashing import hash_secret
from demo_api.authorization_server.settings import DEFAULT_SCOPE
from demo_api.authorization_server.tables import Base

#: The secrets of the demo are public, so each is hashed once, for all databases of a process.
_hash_once = cache(hash_secret)


def seed(engine: Engine, origin: str, client_origin: str) -> None:
    """Insert or update the accounts and clients of a demo at *origin*.

    *client_origin* is the origin of the client application.

    Raises:
        SQLAlchemyError: The tables are those of another version of the demo.
    """
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        for table in Base.metadata.sorted_tables:
            session.execute(select(table).limit(0))
        for kind, members in (
            (AccountKind.PERSON, accounts.RESOURCE_OWNERS),
            (AccountKind.SERVICE, accounts.SERVICE_ACCOUNTS),
        ):
            for account in members:
                session.merge(_account(account, kind))
        for client in accounts.clients(origin, client_origin):
            session.merge(_client(client))


def _account(
    account: accounts.ResourceOwner | accounts.ServiceAccount, kind: AccountKind
) -> Account:
    return Account(
        subject=account.subject,
        login_name=account.login_name,
        display_name=account.display_name,
        kind=kind,
        password_hash=_hash_once(account.password),
    )


def _client(client: accounts.RegisteredClient) -> Client:
    secret = client.client_secret
    return Client(
        client_id=client.client_id,
        client_name=client.name,
        secret_hash=_hash_once(secret) if secret else None,
        auth_methods=list(CONFIDENTIAL) if secret else [NONE],
        redirect_uris=list(client.redirect_uris),
        grant_types=list(client.grant_types),
        token_lifetime=client.token_lifetime,
        opaque_tokens=client.opaque_tokens,
        dpop_bound=client.dpop_bound,
        scope=client.scope,
        default_scope=DEFAULT_SCOPE if DEFAULT_SCOPE in client.scope.split() else client.scope,
    )
