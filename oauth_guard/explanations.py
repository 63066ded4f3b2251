"""EXPLANATIONS: the status of each reason, what it means, and what to check.

The page docs/reasons.md is generated from this table, and a test compares them.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from oauth_guard.reasons import Reason

__all__ = ["EXPLANATIONS", "Explanation"]


class Explanation(NamedTuple):
    """What an operator should know about a reason.

    Attributes:
        status: The HTTP status of the response.
        meaning: What has happened, in Markdown.
        check: What to check or to write instead, in Markdown.
    """

    status: int
    meaning: str
    check: str


# A reason, its status and its meaning; in the lines below it, what to check.
_TABLE = """
no_credentials 401 the request has no token
    send `Authorization: Bearer ...`; on a path in `public=` every caller is anonymous, and
    `requires()` rejects all
unsupported_scheme 401 `Authorization` has another scheme
    the client sends Basic or another scheme; `DPoP` needs `dpop=`
malformed_credentials 400 the value is not a scheme and one token
    how the client writes the header: no quotes, no second token
credentials_too_long 400 the value is longer than 16 KiB
    what the issuer puts into its tokens
several_credentials 400 there are several tokens
    the client or a proxy adds a second header, parameter or form field
https_required 400 the request did not come over TLS
    `require_https=`: the proxy must report the scheme, and the server must trust it
body_too_large 413 the form is longer than 64 KiB, or the message to an MCP server than 1 MiB
    send the token in the header; split the message
malformed_message 400 the body is not one JSON-RPC message, or two parsers could read it differently
    how the client writes the message: `application/json` in UTF-8, no batch, no member twice
header_mismatch 400 `Mcp-Method`, `Mcp-Name` or `MCP-Protocol-Version` differs from the message
    the client, or a proxy that changes the message or adds such a field
ambiguous_path 400 two frameworks could read the path as paths of two guards or rules
    the spelling of the path; or middleware that changed `path` and not `raw_path`
several_certificates 400 there are several client certificates
    the proxy must replace the header, not add one
certificate_too_long 400 the client certificate is too long
    what the proxy writes into the header
malformed_certificate 400 the client certificate can't be read
    the format that `certificates=` names
chain_without_certificate 400 there is a certificate chain and no certificate
    how the proxy forwards the certificate
wrong_origin 403 a page of another origin sent the request
    `token_header=` or a token in a cookie: name the origin in `cors=` if it is yours
malformed_token 401 the token is no JWT, and no issuer accepts opaque tokens
    the client sends another token; for opaque tokens list an `IntrospectionIssuer`
wrong_format 401 the token does not have the `token_format=`
    the setting of the `IntrospectionIssuer`, or the client sends another token
encrypted_token 401 the token is encrypted
    list an `IntrospectionIssuer(accepts_unnamed_jwts=True)`
malformed_header 401 the header of the JWT is malformed
    the issuer's tokens
critical_header 401 the JWT requires an extension (`crit`)
    the issuer's tokens: no extension is supported
wrong_type 401 the token is of another kind
    an ID or refresh token; or the issuer is older than RFC 9068: `types=["JWT"]`
algorithm_not_allowed 401 the token has another `alg`
    signed with a shared secret (`HS256`), or not with one of `algorithms=`
malformed_claim 401 a claim has a wrong type
    the claim that the log names; `scope_array=`
malformed_details 401 `authorization_details` is malformed
    the issuer's tokens (RFC 9396)
missing_claim 401 a claim is missing or empty
    `required_claims=`, `client_claims=`, `scope_claims=` describe an issuer that differs
    from RFC 9068
unknown_issuer 401 no configured issuer has the token's `iss`
    spell `JWTIssuer(...)` exactly as `iss`: with or without a slash at the end, `localhost`
    or `127.0.0.1`
unknown_key 401 no published key has the `kid` and `alg` of the token
    signed with keys that the issuer does not publish (any more); the demo makes new ones at
    each start, unless `--database` keeps them
bad_signature 401 the signature is not valid
    keys of another environment under the same `kid`; a token that was changed
wrong_audience 401 the token's `aud` is for another resource
    `aud` names neither the guard's resource nor a `JWTIssuer(audience=...)`
wrong_client 401 the token was issued to another client
    `clients=`
wrong_claim 401 a claim has another value than required
    `claims=`: the claim that the log names
inactive 401 the issuer reports the token as inactive
    it is expired or revoked, or its issuer knows nothing of it
exchange_refused 401 the issuer does not exchange the token for one for another API
    the token is expired or revoked at its issuer, or the issuer's policy (RFC 8693 §2.2.2)
revoked 401 the deny-list has an entry for the token, or its status is not valid
    it, its session, its subject or its client was revoked; or see `StatusLists`
claims_changed 401 the issuer has announced that the claims of the token have changed
    the client gets a new token; see `DenyList.claims_changed`
replayed_logout 401 the provider has sent a logout token twice
    it took effect the first time
expired 401 the token is expired
    get a new token; otherwise the clocks differ by more than `leeway=`
not_yet_valid 401 the token is not valid yet
    the clocks differ by more than `leeway=`
issued_in_future 401 the token was issued in the future
    the clocks differ by more than `leeway=`
not_local 401 a development token, where server, peer or host is no loopback address
    `development_tokens=`; a proxy adds header fields such as `X-Forwarded-For`
lifetime_too_long 401 the token lives too long
    `max_token_lifetime=`
another_caller 401 a new token or introspection names another caller
    the token has no subject, or belongs to somebody else
bound_token 401 the token is bound to a key that the request does not prove
    `dpop=` or `certificates=`; the client must send its proof
proof_without_dpop 401 there is a DPoP proof, and the scheme is Bearer
    the client must write `Authorization: DPoP ...`
unbound_token 401 there is a proof, and the token is not bound
    client and issuer disagree about DPoP
binding_required 401 the token is not bound, and the guard or route requires it
    `binding=`
unknown_confirmation 401 the token is bound in an unknown way
    `cnf` is empty or has a member other than `jkt` and `x5t#S256`
wrong_proof_key 401 the proof is made with another key than the token is bound to
    the client has replaced its key
wrong_certificate 401 the certificate is another than the token is bound to
    the client has renewed its certificate
missing_proof 401 there is no DPoP proof
    the client must send the header `DPoP`
several_proofs 401 there are several DPoP proofs
    the client or a proxy adds a second one
proof_too_long 401 the DPoP proof is too long
    the client's proofs
malformed_proof 401 the DPoP proof is no JWT
    the client's proofs
wrong_proof_type 401 the `typ` of the proof is not `dpop+jwt`
    the client's proofs
proof_algorithm_not_allowed 401 the `alg` of the proof is not accepted
    `DPoP(algorithms=...)`
private_proof_key 401 the proof contains a private key
    the client discloses its key: replace it
unusable_proof_key 401 the key in the proof can't be used
    the client's proofs
bad_proof_signature 401 the signature of the proof is not valid
    the client's proofs
missing_proof_claim 401 a claim of the proof is missing
    the client's proofs
malformed_proof_claim 401 a claim of the proof has a wrong type
    the client's proofs
wrong_proof_method 401 the proof is for another method
    a proof is for one request
wrong_proof_uri 401 the proof is for another address
    `DPoP(public_origin=...)`: what clients use; or the path
wrong_token_hash 401 the proof is for another token
    a proof is for one token
proof_too_old 401 the proof is too old
    the client's clock: `Nonces(...)` make it irrelevant
proof_issued_in_future 401 the proof was made in the future
    the client's clock: `Nonces(...)` make it irrelevant
replayed_proof 401 the proof was used before
    the client must make a new proof for each request, retries included
wrong_nonce 401 the proof has no valid nonce
    the client must use the nonce of the last response
weak_authentication 401 the user must authenticate by another method
    `acr=` of the route
old_authentication 401 the user must authenticate again
    `max_age=` of the route
too_many_proofs 429 one key has used too many proofs
    the client sends thousands of requests in a minute
insufficient_scope 403 the token lacks a scope
    `caller.scopes` shows what it grants; `scope_implies=`
missing_role 403 the token lacks a role
    `caller.roles` shows what it grants; `role_claims=`
missing_group 403 the token lacks a group
    `caller.groups` shows what it grants; `group_claims=`
missing_entitlement 403 the token lacks an entitlement
    `caller.entitlements` shows what it grants; `entitlement_claims=`
not_a_user 403 the caller is a client that acts for itself
    `users_only=`, `is_client_token=`
wrong_actor 403 another party acts for the user
    `actor=` of the route
missing_details 403 the token lacks authorization details
    `details=` of the route
no_rule 403 the middleware has `rules=`, and none admits the request
    no rule is for this method and path, or the rule is `"deny"`
policy_denied 403 the policy decision point denies the request
    the log line before this one has its reasons, if it sends any; `policy=` of the route
policy_obligation 403 the policy decision point permits the request under obligations
    nothing here performs obligations: remove them from the policy
exchange_denied 403 the issuer does not grant the caller the token for another API
    the scope that `exchange()` requests, and the policy of the issuer
no_subject 403 the token names no subject
    `users_only=`; if the introspection response has it in another member:
    `subject_from="username"`
unreachable 503 there is no connection to the issuer
    the URL in the log, DNS, proxies, certificates
timed_out 503 the issuer did not respond in time
    the issuer, and the network between
unclear_active 503 the introspection response has no usable `active`
    the URL is really an introspection endpoint
bad_response 503 the issuer's response can't be used
    the URL and the status in the log
wrong_metadata 503 the metadata has another issuer, or lacks a URL
    `metadata_issuer=`, `metadata_url=`: the log has what was expected and found
no_usable_keys 503 the key set has no key that can be used
    the log has the skipped keys and why
backing_off 503 the issuer failed, and the next attempt is not due
    the earlier line in the log
busy 503 too many requests to the issuer are waiting
    the issuer is slow, or there is a flood of unknown tokens: `token_format=`
client_refused 503 the issuer rejects this resource as its client
    `client=`: identifier and secret as they are registered
token_not_accepted 503 the issuer does not introspect such tokens
    for JWTs, use a `JWTIssuer`
replay_store_unavailable 503 the replay store is full or can't be reached
    the store of `DPoP(...)`
policy_function 503 the function of the policy decision point failed
    `map_evaluation=` raised an error, or returned what can't be sent: the line before this one
revocations_unknown 503 the deny-list may lack entries of other processes
    `RedisNotices` was not read for 30 s, or not yet: see the warnings about the shared store
"""


def _read(table: str) -> Iterator[tuple[Reason, Explanation]]:
    for entry in table.strip().replace("\n    ", "\t").splitlines():
        first, *check = entry.split("\t")
        name, status, meaning = first.split(" ", 2)
        yield Reason(name), Explanation(int(status), meaning, " ".join(check))


EXPLANATIONS: Mapping[Reason, Explanation] = dict(_read(_TABLE))
