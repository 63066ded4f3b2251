"""was_claimed(): whether a guard further outside has claimed the proof of this connection."""

from oauth_guard.protocol.request import ResourceRequest

__all__ = ["was_claimed"]


def was_claimed(request: ResourceRequest, memory: object) -> bool:
    """Return whether the first use of the proof of *request* was claimed further outside.

    A guard that is placed twice on one connection sees each proof twice, which is no replay
    (RFC 9449 §11.1). The claim of the outer one counts if it was made in the same *memory*, on
    this very connection and for the same bytes. It counts once, for the next guard inside, so an
    application in between that sends one proof to a guard several times is served once.

    The request of the outer guard is found under a key of the ASGI connection, which no client
    can write. The proof itself is not verified here: each guard does that before.
    """
    outer = request.outer
    while outer is not None:
        if outer.claimed_in is memory and outer.proofs == request.proofs:
            outer.claimed_in, request.claimed_in = None, memory
            return True
        outer = outer.outer
    return False
