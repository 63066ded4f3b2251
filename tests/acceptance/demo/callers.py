"""Headers of those who call the API: a person, the service account, a client for itself."""

from tests.acceptance.demo.authorization_server.stage import CAST, Stage, accepted, answer_in, basic


async def person(stage: Stage, name: str, scope: str | None = None) -> dict[str, str]:
    """Sign *name* in through demo-web and allow *scope*."""
    page = await stage.sign_in(await stage.authorize(scope=scope), name)
    code = answer_in(await stage.submit(page, action="allow"))["code"]
    return bearer(accepted(await stage.redeem(code))["access_token"])


async def service_account(stage: Stage, scope: str = "read") -> dict[str, str]:
    """Get a token for svc-etl by the password grant."""
    return await _service(
        stage,
        grant_type="password",
        scope=scope,
        username="svc-etl",
        password=CAST["service_accounts"]["svc-etl"]["password"],
    )


async def client_itself(stage: Stage, scope: str = "read") -> dict[str, str]:
    """Get a token for demo-service by the client credentials grant."""
    return await _service(stage, grant_type="client_credentials", scope=scope)


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents *token*."""
    return {"Authorization": f"Bearer {token}"}


async def _service(stage: Stage, **asked: str) -> dict[str, str]:
    answer = await stage.post("token", basic("demo-service"), **asked)
    return bearer(accepted(answer)["access_token"])
