"""SCENES: a scene for each reason, in the order of the reasons."""

from collections.abc import Mapping

from oauth_guard.reasons import Reason
from tests.tools.reason_pages.exchange_scenes import EXCHANGE_SCENES
from tests.tools.reason_pages.issuer_scenes import ISSUER_SCENES
from tests.tools.reason_pages.proof_scenes import PROOF_SCENES
from tests.tools.reason_pages.request_scenes import REQUEST_SCENES
from tests.tools.reason_pages.scene import Scene
from tests.tools.reason_pages.service_scenes import SERVICE_SCENES
from tests.tools.reason_pages.token_scenes import TOKEN_SCENES

_ALL = {
    **REQUEST_SCENES,
    **TOKEN_SCENES,
    **PROOF_SCENES,
    **ISSUER_SCENES,
    **EXCHANGE_SCENES,
    **SERVICE_SCENES,
}

SCENES: Mapping[Reason, Scene] = {reason: _ALL[reason] for reason in Reason if reason in _ALL}
