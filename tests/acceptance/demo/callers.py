"""Authorization headers of three callers: a person, the service account, a client for itself."""

from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    Harness,
    basic,
    ok_json,
    redirect_parameters,
)


async def person(harness: Harness, name: str, scope: str | None = None) -> dict[str, str]:
    """Sign *name* in through demo-web and allow *scope*."""
    page = await harness.sign_in(await harness.authorize(scope=scope), name)
    code = redirect_parameters(await harness.submit(page, action="allow"))["code"]
    return bearer(ok_json(await harness.redeem(code))["access_token"])


async def service_account(harness: Harness, scope: str = "read") -> dict[str, str]:
    """Get a token for svc-etl by the password grant."""
    return await _service(
        harness,
        grant_type="password",
        scope=scope,
        username="svc-etl",
        password=CREDENTIALS["service_accounts"]["svc-etl"]["password"],
    )


async def client_itself(harness: Harness, scope: str = "read") -> dict[str, str]:
    """Get a token for demo-service by the client credentials grant."""
    return await _service(harness, grant_type="client_credentials", scope=scope)


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents *token*."""
    return {"Authorization": f"Bearer {token}"}


async def _service(harness: Harness, **form: str) -> dict[str, str]:
    response = await harness.post("token", basic("demo-service"), **form)
    return bearer(ok_json(response)["access_token"])
