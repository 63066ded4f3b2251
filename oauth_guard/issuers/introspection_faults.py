"""IntrospectionFaults: responses that are the issuer's fault or ours, and what the log says."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import HTTPResult
from oauth_guard.interfaces import Clock
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.introspection import error_code

__all__ = ["ISSUER_FAULTS", "IntrospectionFaults"]

ISSUER_FAULTS = frozenset({Reason.UNCLEAR_ACTIVE, Reason.MALFORMED_CLAIM})
"""The reasons to reject an introspected token that are the issuer's fault."""

_BAD_REQUEST, _REFUSALS = 400, {401, 403}


class IntrospectionFaults:
    """Turns a response that can't be used into an outage, and logs what to correct.

    Args:
        rules: How claims are read, and the issuer's identifier.
        client_id: The name of this resource at the issuer.
        clock: Returns monotonic seconds.
    """

    def __init__(self, rules: ClaimRules, client_id: str, *, clock: Clock = time.monotonic) -> None:
        self._rules, self._client_id = rules, client_id
        self._log = LogLimit(clock)

    def malformed(self, members: Mapping[str, Any], reason: Reason) -> IssuerUnavailable:
        """Return the outage for a response with members of wrong types, and log their names."""
        types = {**self._rules.claim_types, "active": {bool}, "token_type": {str}}
        names = {name for name, value in members.items() if type(value) not in types.get(name, {})}
        wrong = sorted(names & types.keys() | ({"active"} - members.keys()))
        message = "%s: the introspection response has no usable %s"
        named = ", ".join(wrong) or "aud or scope"
        self._log.log(logging.ERROR, (reason, named), message, self._rules.issuer, named)
        return IssuerUnavailable(self._rules.issuer, reason)

    def refusal(self, result: HTTPResult) -> IssuerUnavailable:
        """Return the outage for an error response, and log what the operator should correct."""
        code = error_code(result.body) if result.status == _BAD_REQUEST else None
        if result.status in _REFUSALS or code in {"invalid_client", "unauthorized_client"}:
            reason = Reason.CLIENT_REFUSED
            advice = "is this resource registered there, and client= as it is registered?"
        elif code == "unsupported_token_type":
            reason = Reason.TOKEN_NOT_ACCEPTED
            advice = "it does not introspect such tokens; for JWTs, use a JWTIssuer."
        else:
            reason = Reason.BAD_RESPONSE
            advice = "is endpoint= the right one?"
        if (
            result.status != _BAD_REQUEST or reason is not Reason.BAD_RESPONSE
        ):  # one token may cause it
            self._log.log(
                logging.ERROR,
                (result.status, reason),
                "%s: the introspection endpoint returned %d to %s: %s",
                *(self._rules.issuer, result.status, self._client_id, advice),
            )
        return IssuerUnavailable(self._rules.issuer, reason)
