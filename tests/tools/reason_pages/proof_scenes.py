"""PROOF_SCENES: tokens that are bound to a key or a certificate, and the proofs sent with them."""

from collections.abc import Callable, Mapping
from typing import Any

from oauth_guard.possession import DPoP, ForwardedCertificate, Nonces
from oauth_guard.reasons import Reason
from oauth_guard.testing.certificates import ClientCertificate
from tests.tools.reason_pages.scene import (
    HEADERS,
    PROOF,
    REQUEST,
    TOKEN,
    Prepare,
    Scene,
    claims,
    header,
    send_token,
)
from tests.tools.reason_pages.stage import Fields, Stage

_DOTS = "tr -cd . < proof.txt | wc -c"
_KIB = "awk '{ print int(length($0) / 1024) \" KiB\" }' proof.txt"
_SECRET = ("X-Proxy-Secret", "0123456789abcdef")
_CERTIFICATE, _RENEWED = ClientCertificate(), ClientCertificate("renewed")
_JWK = 'header["jwk"]'
_SIGNED = """python3 -c '
import jwt
proof = input()
header = jwt.get_unverified_header(proof)
jwt.decode(proof, jwt.PyJWK(header["jwk"], header["alg"]), [header["alg"]])
print("the signature is valid")' < proof.txt 2>&1 | tail -n 1"""
_THUMBPRINT = """python3 -c '
import base64, hashlib, json, jwt
key = jwt.get_unverified_header(open("proof.txt").read().strip())["jwk"]
members = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
digest = base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().strip("=")
claims = jwt.decode(input(), options={"verify_signature": False})
print("the same key" if claims["cnf"]["jkt"] == digest else "another key")' < token.txt"""
_TOKEN_HASH = """python3 -c '
import base64, hashlib, jwt
proof = jwt.decode(open("proof.txt").read().strip(), options={"verify_signature": False})
digest = base64.urlsafe_b64encode(hashlib.sha256(input().encode()).digest()).decode().strip("=")
print("this token" if proof["ath"] == digest else "another token")' < token.txt"""
_CERTIFICATE_HASH = """openssl x509 -in client.pem -outform DER | python3 -c '
import base64, hashlib, jwt, sys
digest = hashlib.sha256(sys.stdin.buffer.read()).digest()
token = open("token.txt").read().strip()
claims = jwt.decode(token, options={"verify_signature": False})
same = claims["cnf"]["x5t#S256"] == base64.urlsafe_b64encode(digest).decode().strip("=")
print("the same certificate" if same else "another certificate")'"""
_BOTH = f"{TOKEN} {PROOF}"
_PEM = f"{TOKEN} `client.pem` has the client's certificate."


def proof(command: str, fails: Callable[[Stage, str], str], needs: str = PROOF) -> Scene:
    """Return a scene with the proof that *fails* makes for a token, and with a sound one."""

    def run(make: Callable[[Stage, str], str]) -> Prepare:
        def prepare(stage: Stage) -> int:
            stage.serve(dpop=DPoP(algorithms=["ES256"]))
            bound = stage.issuer.token("orders:read", cnf=stage.key.cnf)
            made = make(stage, bound)
            stage.write("proof.txt", f"{made}\n")
            return send_token(stage, bound, "DPoP", ("DPoP", made))

        return prepare

    return Scene(command, run(fails), run(_sound), needs=needs)


def _sound(stage: Stage, bound: str) -> str:
    return stage.key.proof(bound, "GET", stage.url)


def _attack(name: str) -> Callable[[Stage, str], str]:
    return lambda stage, bound: stage.key.attack(name, bound, "GET", stage.url)


def _changed(**changes: Any) -> Callable[[Stage, str], str]:
    return lambda stage, bound: stage.key.proof(bound, "GET", stage.url, **changes)


def _seconds(offset: int) -> Callable[[Stage, str], str]:
    def make(stage: Stage, bound: str) -> str:
        issued = int(stage.key.now()) + offset
        return stage.key.proof(bound, "GET", stage.url, iat=issued)

    return make


def _minutes(text: str) -> str:
    return _claims(text).replace("import jwt", "import jwt, time")


def _claims(expression: str) -> str:
    return claims(expression, "proof.txt", "proof")


def _confirmed(
    fails: Mapping[str, Any] | None,
    works: Mapping[str, Any] | None,
    send: Callable[[Stage, str], int],
    **settings: Any,
) -> Scene:
    """Return a scene about `cnf`: the claim in the token that fails, and in the one that works.

    `{"jkt": None}` is replaced by the key of the client.
    """

    def run(confirmation: Mapping[str, Any] | None) -> Prepare:
        def prepare(stage: Stage) -> int:
            stage.serve(dpop=DPoP(), **settings)
            cnf = stage.key.cnf if confirmation == {"jkt": None} else confirmation
            return send(stage, stage.issuer.token("orders:read", cnf=cnf))

        return prepare

    return Scene(claims('list(claims.get("cnf", {}))'), run(fails), run(works), needs=TOKEN)


def _as_bearer(stage: Stage, sent: str) -> int:
    return send_token(stage, sent)


def _with_proof(stage: Stage, sent: str) -> int:
    return send_token(stage, sent, "DPoP", ("DPoP", _sound(stage, sent)))


def _by_scheme(stage: Stage, sent: str) -> int:
    """Send a bound token with its proof, and any other as a bearer token."""
    bound = "jkt" in stage.issuer.introspection.responses[sent].get("cnf", {})
    return _with_proof(stage, sent) if bound else _as_bearer(stage, sent)


def _fields(
    fails: Callable[[Stage, str], Fields], works: Callable[[Stage, str], Fields] | None = None
) -> Scene:
    """Return a scene whose command sends header fields with a proof."""

    def run(make: Callable[[Stage, str], Fields]) -> Prepare:
        def prepare(stage: Stage) -> None:
            stage.serve(dpop=DPoP(max_proofs_per_key=2))
            own = make(stage, stage.issuer.token("orders:read", cnf=stage.key.cnf))
            stage.write("headers.txt", "".join(f"{name}: {value}\n" for name, value in own))
            # the command itself sends the request

        return prepare

    return Scene(REQUEST, run(fails), run(works or _proven), ("headers.txt",), HEADERS)


def _proven(stage: Stage, bound: str) -> Fields:
    return list(stage.key.headers(bound, "GET", stage.url).items())


def _used(stage: Stage, bound: str) -> Fields:
    """Return fields that were sent once."""
    own = _proven(stage, bound)
    stage.send(own)
    return own


def _after_two(stage: Stage, bound: str) -> Fields:
    """Return fields with a third proof, where a key may use two."""
    for _ in range(2):
        stage.send(_proven(stage, bound))
    return _proven(stage, bound)


def _nonce(*, used: bool) -> Prepare:
    def prepare(stage: Stage) -> int:
        nonces = Nonces(bytes(32))
        stage.serve(dpop=DPoP(nonces=nonces))
        bound = stage.issuer.token("orders:read", cnf=stage.key.cnf)
        nonce = nonces.issue(stage.key.now()) if used else None
        made = stage.key.proof(bound, "GET", stage.url, nonce=nonce)
        stage.write("proof.txt", f"{made}\n")
        return send_token(stage, bound, "DPoP", ("DPoP", made))

    return prepare


def _with_certificate(sent: ClientCertificate) -> Prepare:
    """Send a token that is bound to our certificate, and the certificate *sent*."""

    def prepare(stage: Stage) -> int:
        stage.serve(certificates=ForwardedCertificate("client-cert", secret=_SECRET))
        stage.write("client.pem", sent.pem)
        bound = stage.issuer.token("orders:read", cnf=_CERTIFICATE.cnf)
        return send_token(stage, bound, "Bearer", _SECRET, ("Client-Cert", sent.client_cert))

    return prepare


_BINDINGS: Mapping[Reason, Scene] = {
    Reason.BOUND_TOKEN: _confirmed({"jkt": None}, None, _as_bearer),
    Reason.PROOF_WITHOUT_DPOP: _fields(
        lambda stage, bound: [
            ("Authorization", f"Bearer {bound}"),
            ("DPoP", _sound(stage, bound)),
        ],
    ),
    Reason.UNBOUND_TOKEN: _confirmed(None, {"jkt": None}, _with_proof),
    Reason.BINDING_REQUIRED: _confirmed(None, {"jkt": None}, _by_scheme, binding="dpop"),
    Reason.UNKNOWN_CONFIRMATION: _confirmed({"kid": "k7"}, {"jkt": None}, _by_scheme),
    Reason.WRONG_PROOF_KEY: proof(_THUMBPRINT, _attack("another key"), _BOTH),
    Reason.WRONG_CERTIFICATE: Scene(
        _CERTIFICATE_HASH,
        _with_certificate(_RENEWED),
        _with_certificate(_CERTIFICATE),
        needs=_PEM,
    ),
    Reason.MISSING_PROOF: _fields(lambda _, bound: [("Authorization", f"DPoP {bound}")]),
    Reason.SEVERAL_PROOFS: _fields(
        lambda stage, bound: [*_proven(stage, bound), ("DPoP", _sound(stage, bound))]
    ),
    Reason.REPLAYED_PROOF: _fields(_used),
    Reason.TOO_MANY_PROOFS: _fields(_after_two),
}

_PROOFS: Mapping[Reason, Scene] = {
    Reason.PROOF_TOO_LONG: proof(_KIB, _attack("too large")),
    Reason.MALFORMED_PROOF: proof(_DOTS, lambda *_: "abc"),
    Reason.WRONG_PROOF_TYPE: proof(header('header["typ"]', "proof.txt"), _attack("another type")),
    Reason.PROOF_ALGORITHM_NOT_ALLOWED: proof(
        header('header["alg"]', "proof.txt"), _changed(header={"alg": "ES384"})
    ),
    Reason.PRIVATE_PROOF_KEY: proof(header(f"*{_JWK}", "proof.txt"), _attack("private key")),
    Reason.UNUSABLE_PROOF_KEY: proof(
        header(f'{_JWK}["kty"], {_JWK}["crv"]', "proof.txt"), _attack("key of another type")
    ),
    Reason.BAD_PROOF_SIGNATURE: proof(_SIGNED, _attack("signed by another key")),
    Reason.MISSING_PROOF_CLAIM: proof(_claims("*sorted(proof)"), _attack("no ath")),
    Reason.MALFORMED_PROOF_CLAIM: proof(
        _claims('type(proof["iat"])'), _changed(iat="2027-01-15T08:00:00Z")
    ),
    Reason.WRONG_PROOF_METHOD: proof(_claims('proof["htm"]'), _changed(htm="POST")),
    Reason.WRONG_PROOF_URI: proof(
        _claims('proof["htu"]'),
        lambda stage, bound: stage.key.proof(bound, "GET", f"{stage.api}/invoices"),
    ),
    Reason.WRONG_TOKEN_HASH: proof(_TOKEN_HASH, _attack("another token"), _BOTH),
    Reason.PROOF_TOO_OLD: proof(
        _minutes('round((time.time() - proof["iat"]) / 60), "minutes ago"'), _seconds(-600)
    ),
    Reason.PROOF_ISSUED_IN_FUTURE: proof(
        _minutes('round((proof["iat"] - time.time()) / 60), "minutes ahead"'), _seconds(600)
    ),
    Reason.WRONG_NONCE: Scene(
        _claims('"nonce" in proof'), _nonce(used=False), _nonce(used=True), needs=PROOF
    ),
}

PROOF_SCENES: Mapping[Reason, Scene] = {**_BINDINGS, **_PROOFS}
"""The scene of each reason that the key of a client decides."""
