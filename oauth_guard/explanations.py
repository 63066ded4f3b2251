"""EXPLANATIONS: the status of each reason, what it means, and what to do.

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
        check: What to check, to change or to send instead, in Markdown.
    """

    status: int
    meaning: str
    check: str


# A reason, its status and its meaning; in the lines below it, what to do.
_TABLE = """
no_credentials 401 the request has no token
    send `Authorization: Bearer ...`; on a path in `public=` every caller is anonymous, and
    `requires()` rejects all
unsupported_scheme 401 `Authorization` has another scheme
    send `Authorization: Bearer ...` in place of Basic or another scheme; `DPoP` needs `dpop=`
malformed_credentials 400 the value is not a scheme and one token
    write the header as one scheme, one space and one token: no quotes, no second token
credentials_too_long 400 the value is longer than 16 KiB
    have the issuer put less into its tokens: groups and roles are usually what makes them long
several_credentials 400 there are several tokens
    find the client or the proxy that adds a second header, parameter or form field, and send one
no_connection_init 400 the first message of a GraphQL WebSocket is no `connection_init`
    have the client send it within 5 seconds, with at most 8 KiB
https_required 400 the request did not come over TLS
    `require_https=`: the proxy must report the scheme, and the server must trust it
body_too_large 413 the form is longer than 64 KiB, or the message to an MCP server than 1 MiB
    send the token in the header `Authorization`, for which a form has no limit; split the message
malformed_message 400 the body is not one JSON-RPC message, or two parsers could read it differently
    write the message as `application/json` in UTF-8: no batch, no member twice
header_mismatch 400 `Mcp-Method`, `Mcp-Name` or `MCP-Protocol-Version` differs from the message
    have the client write the same into both; a proxy must not change the message or add a field
ambiguous_path 400 two frameworks could read the path as paths of two guards or rules
    write the path without encoded slashes, dots or doubled slashes; middleware that changes
    `path` must change `raw_path` too
several_certificates 400 there are several client certificates
    the proxy must replace the header, not add one
certificate_too_long 400 the client certificate is too long
    have the proxy write the certificate alone, without a chain, and check which field it writes
malformed_certificate 400 the client certificate can't be read
    have the proxy write the certificate in the format that `certificates=` names
chain_without_certificate 400 there is a certificate chain and no certificate
    have the proxy forward `Client-Cert` too, not `Client-Cert-Chain` alone
wrong_origin 403 a page of another origin sent the request
    `token_header=` or a token in a cookie: name the origin in `cors=` if it is yours
malformed_token 401 the token is no well-formed JWT, and no issuer accepts it as an opaque token
    send the whole access token, not another value; for opaque tokens list an `IntrospectionIssuer`
wrong_format 401 the token does not have the `token_format=`
    send a token of this issuer, or correct `token_format=` of the `IntrospectionIssuer`
encrypted_token 401 the token is encrypted
    list an `IntrospectionIssuer(accepts_unnamed_jwts=True)`
malformed_header 401 the header of the JWT is malformed
    correct the header of the issuer's tokens: a repeated claim must equal the claim, and each
    parameter has the type of RFC 7515
critical_header 401 the JWT requires an extension (`crit`)
    have the issuer leave out `crit`: no extension is supported
wrong_type 401 the token is of another kind
    send the access token, not an ID or refresh token; for an issuer that is older than RFC 9068
    set `types=["JWT"]`
algorithm_not_allowed 401 the token has another `alg`
    have the issuer sign with one of `algorithms=`, or add its algorithm there; a shared secret
    (`HS256`) needs `secret=`
malformed_claim 401 a claim has a wrong type
    correct the claim that the log names at the issuer; a scope that is a list needs
    `scope_array=`
malformed_details 401 `authorization_details` is malformed
    have the issuer write `authorization_details` as a list of objects, each with a `type` (RFC
    9396)
missing_claim 401 a claim is missing or empty
    set `required_claims=`, `client_claims=` or `scope_claims=` for an issuer that differs from
    RFC 9068
unknown_issuer 401 no configured issuer has the token's `iss`
    spell `JWTIssuer(...)` exactly as `iss`: with or without a slash at the end, `localhost`
    or `127.0.0.1`
unknown_key 401 no published key has the `kid` and `alg` of the token
    get a new token: the issuer does not publish the key (any more); the demo makes new ones at
    each start, unless `--database` keeps them
bad_signature 401 the signature is not valid
    get a new token of this environment: another one may use the same `kid`, or the token was
    changed
wrong_audience 401 the token's `aud` is for another resource
    request the token for this API; or name its `aud` in `JWTIssuer(audience=...)` if it is the
    name of this API
wrong_client 401 the token was issued to another client
    send a token of a client in `clients=`, or add the client there
wrong_claim 401 a claim has another value than required
    compare `claims=` with the claim that the log names
inactive 401 the issuer reports the token as inactive
    get a new token: this one is expired or revoked, or its issuer knows nothing of it
exchange_refused 401 the issuer does not exchange the token for one for another API
    get a new token: it is expired or revoked at its issuer; or change the issuer's policy (RFC
    8693 §2.2.2)
revoked 401 the deny-list has an entry for the token, or its status is not valid
    get a new token: this one, its session, its subject or its client was revoked; or see
    `StatusLists`
claims_changed 401 the issuer has announced that the claims of the token have changed
    get a new token; see `DenyList.claims_changed`
replayed_logout 401 the provider has sent a logout token twice
    do nothing: the token took effect the first time
expired 401 the token is expired
    get a new token; otherwise the clocks differ by more than `leeway=`
not_yet_valid 401 the token is not valid yet
    synchronize the clocks: they differ by more than `leeway=`
issued_in_future 401 the token was issued in the future
    synchronize the clocks: they differ by more than `leeway=`
not_local 401 a development token, where server, peer or host is no loopback address
    send development tokens from this machine and without a proxy, which adds fields such as
    `X-Forwarded-For`
lifetime_too_long 401 the token lives too long
    shorten the lifetime at the issuer, or raise `max_token_lifetime=`
another_caller 401 a new token or introspection names another caller
    sign in again: the token has no subject, or belongs to somebody else
bound_token 401 the token is bound to a key that the request does not prove
    send the proof or the certificate that the token is bound to; the guard needs `dpop=` or
    `certificates=`
proof_without_dpop 401 there is a DPoP proof, and the scheme is Bearer
    have the client write `Authorization: DPoP ...`
unbound_token 401 there is a proof, and the token is not bound
    have the client send its proof in the token request too, so that the issuer binds the token
binding_required 401 the token is not bound, and the guard or route requires it
    get a token that is bound as `binding=` requires
unknown_confirmation 401 the token is bound in an unknown way
    have the issuer bind the token by `jkt` or `x5t#S256`: `cnf` is empty or has another member
wrong_proof_key 401 the proof is made with another key than the token is bound to
    make proofs with the key that the token was requested with, or get a token for the new key
wrong_certificate 401 the certificate is another than the token is bound to
    get a new token after the client has renewed its certificate
missing_proof 401 there is no DPoP proof
    have the client send the header `DPoP` with each request
several_proofs 401 there are several DPoP proofs
    find the client or the proxy that adds a second `DPoP` field, and send one
proof_too_long 401 the DPoP proof is too long
    leave everything out of the proof that RFC 9449 §4.2 does not name
malformed_proof 401 the DPoP proof is no JWT
    have the client send a JWT in compact form, with the members of RFC 9449 §4.2
wrong_proof_type 401 the `typ` of the proof is not `dpop+jwt`
    have the client write `dpop+jwt` into `typ` of the proof
proof_algorithm_not_allowed 401 the `alg` of the proof is not accepted
    have the client sign with an algorithm that the challenge names, or extend
    `DPoP(algorithms=...)`
private_proof_key 401 the proof contains a private key
    replace the key, which the client has disclosed, and send its public members only
unusable_proof_key 401 the key in the proof can't be used
    have the client send a public key whose type fits `alg`: P-256 for ES256
bad_proof_signature 401 the signature of the proof is not valid
    have the client sign with the private key of the `jwk` in the header, over the proof as it is
    sent
missing_proof_claim 401 a claim of the proof is missing
    have the client write `jti`, `htm`, `htu`, `iat` and `ath` into the proof
malformed_proof_claim 401 a claim of the proof has a wrong type
    have the client write `iat` as a number of seconds, and the other claims as texts
wrong_proof_method 401 the proof is for another method
    make a new proof for each request, with its method in `htm`
wrong_proof_uri 401 the proof is for another address
    write the address that the client calls into `htu`; behind a proxy set
    `DPoP(public_origin=...)` to the origin that clients use
wrong_token_hash 401 the proof is for another token
    make a new proof for each token: `ath` is the hash of the token that is sent
proof_too_old 401 the proof is too old
    make a new proof for each request, and synchronize the client's clock; `Nonces(...)` make it
    irrelevant
proof_issued_in_future 401 the proof was made in the future
    synchronize the client's clock; `Nonces(...)` make it irrelevant
replayed_proof 401 the proof was used before
    make a new proof for each request, retries included
wrong_nonce 401 the proof has no valid nonce
    write the nonce of the last response's field `DPoP-Nonce` into the next proof
weak_authentication 401 the user must authenticate by another method
    send the user to the authorization server with the `acr_values` of the challenge
old_authentication 401 the user must authenticate again
    send the user to the authorization server with the `max_age` of the challenge
too_many_proofs 429 one key has used too many proofs
    wait until the first proofs have ended; thousands of requests in a minute use up
    `max_proofs_per_key=`
insufficient_scope 403 the token lacks a scope
    request a token with the scope that the challenge names; `caller.scopes` shows what this one
    grants; `scope_implies=`
missing_role 403 the token lacks a role
    give the user the role at the issuer; `caller.roles` shows what the token grants;
    `role_claims=`
missing_group 403 the token lacks a group
    add the user to the group at the issuer; `caller.groups` shows what the token grants;
    `group_claims=`
missing_entitlement 403 the token lacks an entitlement
    give the user the entitlement at the issuer; `caller.entitlements` shows what the token
    grants; `entitlement_claims=`
not_a_user 403 the caller is a client that acts for itself
    call with a token that a user has granted; the route has `users_only=`, the issuer
    `is_client_token=`
wrong_actor 403 another party acts for the user
    add the party to `actor=` of the route, if it may act for users there
missing_details 403 the token lacks authorization details
    request a token with the `authorization_details` that `details=` of the route requires
no_rule 403 the middleware has `rules=`, and none admits the request
    add a rule for this method and path, unless it is meant to be denied
policy_denied 403 the policy decision point denies the request
    read its reasons in the log line before this one, if it sends any; `policy=` of the route
policy_obligation 403 the policy decision point permits the request under obligations
    remove the obligations from the policy: nothing here performs them
exchange_denied 403 the issuer does not grant the caller the token for another API
    request a scope that the issuer's policy grants for the other API: see `exchange(scope=...)`
no_subject 403 the token names no subject
    `users_only=`; if the introspection response has it in another member:
    `subject_from="username"`
unreachable 503 there is no connection to the issuer
    check the URL in the log, DNS, proxies and certificates
timed_out 503 the issuer did not respond in time
    check the issuer and the network between: it must respond within the time limit
unclear_active 503 the introspection response has no usable `active`
    check that the URL is really an introspection endpoint: `active` must be true or false
bad_response 503 the issuer's response can't be used
    check the URL and the status in the log
wrong_metadata 503 the metadata has another issuer, or lacks a URL
    set `metadata_issuer=` or `metadata_url=`: the log has what was expected and found
no_usable_keys 503 the key set has no key that can be used
    read in the log which keys were skipped and why, and have the issuer publish a signing key
backing_off 503 the issuer failed, and the next attempt is not due
    read the earlier line in the log; it is tried again after the time in `Retry-After`
busy 503 too many requests to the issuer are waiting
    set `token_format=`, so that a flood of unknown tokens is not sent to the issuer; otherwise
    the issuer is slow
client_refused 503 the issuer rejects this resource as its client
    write identifier and secret into `client=` as they are registered
token_not_accepted 503 the issuer does not introspect such tokens
    list a `JWTIssuer` if the tokens are JWTs
replay_store_unavailable 503 the replay store is full or can't be reached
    start the store of `DPoP(...)`, or give it more memory
policy_function 503 the function of the policy decision point failed
    correct `map_evaluation=`, which raised an error or returned what can't be sent: the line before
revocations_unknown 503 the deny-list may lack entries of other processes
    start the store of the deny-list: `RedisNotices` was not read for 30 s, or not yet; see the
    warnings about it
"""


def _read(table: str) -> Iterator[tuple[Reason, Explanation]]:
    for entry in table.strip().replace("\n    ", "\t").splitlines():
        first, *check = entry.split("\t")
        name, status, meaning = first.split(" ", 2)
        yield Reason(name), Explanation(int(status), meaning, " ".join(check))


EXPLANATIONS: Mapping[Reason, Explanation] = dict(_read(_TABLE))
