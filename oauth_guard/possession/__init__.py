"""Proof of possession: settings that bind tokens to a key of the client (RFC 9449, RFC 8705)."""

from oauth_guard.possession.dpop import DPoP
from oauth_guard.possession.possession_check import PossessionSettings
from oauth_guard.protocol.certificate_sources import ForwardedCertificate, TLSExtension
from oauth_guard.protocol.nonce import Nonces

__all__ = ["DPoP", "ForwardedCertificate", "Nonces", "PossessionSettings", "TLSExtension"]
