"""fastapi-azure-auth, as its documentation has one depend on its scheme in FastAPI.

It logs refused tokens at WARNING, with a traceback, which is part of what a refusal takes.
"""

from datetime import datetime, timedelta

from fastapi_azure_auth.auth import AzureAuthorizationCodeBearerBase

from tests.tools.benchmarks.peers.guarded import AUDIENCE, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.route import fastapi_route


async def build(issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up; its keys live for a day, which no setting changes.

    It is what its class for a single tenant is made of, which alone lets one say where the
    metadata is.
    """
    scheme = AzureAuthorizationCodeBearerBase(
        app_client_id=AUDIENCE, tenant_id="tenant", openid_config_url=issuer.metadata_url
    )
    await scheme.openid_config.load_config()

    def age_keys() -> None:
        yesterday = datetime.now() - timedelta(hours=25)  # noqa: DTZ005 - its own clock has no zone
        scheme.openid_config._config_timestamp = yesterday  # noqa: SLF001 - no setting does it

    return Guarded(fastapi_route(scheme), fastapi_route(), age_keys=age_keys)
