"""fastapi-azure-auth, with its scheme as a dependency in FastAPI, as its documentation describes.

It logs rejected tokens at WARNING with a traceback, which is part of the cost of a rejection.
"""

from datetime import datetime, timedelta

from fastapi_azure_auth.auth import AzureAuthorizationCodeBearerBase

from tests.tools.benchmarks.peers.guarded import AUDIENCE, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.route import fastapi_route


async def build(issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up; its keys live for a day, which no setting changes.

    It uses the base of its class for a single tenant, since only the base has a setting for the
    URL of the metadata.
    """
    scheme = AzureAuthorizationCodeBearerBase(
        app_client_id=AUDIENCE, tenant_id="tenant", openid_config_url=issuer.metadata_url
    )
    await scheme.openid_config.load_config()

    def age_keys() -> None:
        yesterday = datetime.now() - timedelta(hours=25)  # noqa: DTZ005 - its own clock has no zone
        scheme.openid_config._config_timestamp = yesterday  # noqa: SLF001 - no setting does it

    return Guarded(fastapi_route(scheme), fastapi_route(), age_keys=age_keys)
