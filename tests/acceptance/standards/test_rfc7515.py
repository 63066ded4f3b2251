"""RFC 7515, JSON Web Signature: section 9 of the conformance matrix."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.acceptance.attacks.forgery import attacker_certificate, attacker_key, by, by_k1, encode
from tests.acceptance.standards.api import ISSUER, Api, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.raw_jws import claims, compact, header, k2, publish, signed

EVIL = "https://evil.example/jwks"
APPENDIX_E = (
    "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5pbnZhbGlkL1VOREVGSU5FRCJdLA0KICJodHRw"
    "Oi8vZXhhbXBsZS5pbnZhbGlkL1VOREVGSU5FRCI6dHJ1ZQ0KfQ.RkFJTA."
)


def _rsa(scheme: Any, kind: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    private = signing_keys()[1].private
    return lambda message: bytes(private.sign(message, scheme, kind))


@pytest.mark.conformance("7515-01")
@pytest.mark.parametrize(
    "mangle",
    [
        pytest.param(lambda h, p, _: f"{h}.{p}", id="two segments"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}.{s}", id="four segments"),
        pytest.param(lambda h, p, _: f"{h}.{p}.", id="no signature"),
        pytest.param(lambda *_: "..", id="only dots"),
        pytest.param(lambda h, p, s: f"{h}..{p}.{s}", id="empty segment inside"),
        pytest.param(lambda h, p, s: f".{h}.{p}.{s}", id="empty segment first"),
    ],
)
async def test_token_without_three_segments_is_rejected(
    api: Api, mangle: Callable[..., str]
) -> None:
    """The signature must not be empty either."""
    expect(await api.get(token=mangle(*api.token().split("."))), "401 invalid_token")


def _with_spare_bits(segment: str) -> str:
    """Return *segment* with nonzero spare bits at its end; it decodes to the same bytes."""
    return segment[:-1] + chr(ord(segment[-1]) + 1)


REWRITTEN = {
    "with +": lambda text: text.replace("-", "+"),
    "with /": lambda text: text.replace("_", "/"),
    "of an impossible length": lambda text: text + "A" * ((1 - len(text)) % 4),
    "with spare bits": _with_spare_bits,
}


@pytest.mark.conformance("7515-02")
@pytest.mark.parametrize("rewrite", REWRITTEN.values(), ids=REWRITTEN)
@pytest.mark.parametrize("where", ["header", "payload", "signature"])
async def test_segment_in_non_canonical_base64url_is_rejected(
    api: Api, rewrite: Callable[[str], str], where: str
) -> None:
    """Although the signature over the sent bytes is valid."""
    head = _distinguishing(lambda n: encode(header(a="~?" * n)))
    payload = _distinguishing(lambda n: encode(claims(api, a="~?" * n)))
    if where == "header":
        head = rewrite(head)
    elif where == "payload":
        payload = rewrite(payload)
    signature = _distinguishing(lambda _: signed(head, payload).rpartition(".")[2])
    if where == "signature":
        signature = rewrite(signature)
    expect(await api.get(token=f"{head}.{payload}.{signature}"), "401 invalid_token")


def _distinguishing(make: Callable[[int], str]) -> str:
    """Return a segment that every one of the rewrites changes."""
    made = map(make, count())
    return next(text for text in made if {"-", "_"} <= set(text) and len(text) % 4 > 1)


@pytest.mark.conformance("7515-02")
@pytest.mark.parametrize("pads", ["=", "=="])
async def test_padding_after_the_signature_is_rejected(api: Api, pads: str) -> None:
    """It is valid token68 but not valid JWS."""
    expect(await api.get(token=api.token() + pads), "401 invalid_token")


@pytest.mark.conformance("7515-03")
@pytest.mark.parametrize(
    "document",
    [
        *(b"[]", b'"x"', b"null", b"{} {}", b"\xff\xfe", b"", b"1", b"{", b"\xef\xbb\xbf{}"),
        b"\xef\xbb\xbf" + header(),
        header() + header(),
        header(a="b")[:-1] + b",}",
        header()[:-1] + b',"a":"\xff"}',
        header()[:-1] + rb',"a":"\ud800"}',
    ],
)
async def test_header_that_is_not_one_json_object_is_rejected(api: Api, document: bytes) -> None:
    """In UTF-8, with nothing before or after it."""
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-04")
@pytest.mark.parametrize(
    "document",
    [
        b'{"alg":"none","alg":"ES256","kid":"k1","typ":"at+jwt"}',
        b'{"alg":"ES256","alg":"ES256","kid":"k1","typ":"at+jwt"}',
        rb'{"\u0061lg":"none","alg":"ES256","kid":"k1","typ":"at+jwt"}',
        b'{"alg":"ES256","kid":"k1","typ":"at+jwt","jwk":{"a":1,"a":2}}',
        b'{"alg":"ES256","kid":"k1","typ":"at+jwt","x":[{"y":{"a":1,"a":2}}]}',
    ],
    ids=["first", "equal", "escaped", "nested", "deeper"],
)
async def test_header_with_duplicate_parameter_is_rejected(api: Api, document: bytes) -> None:
    """Neither the first nor the last is used."""
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-05")
@pytest.mark.parametrize(
    "document",
    [
        b'{"kid":"k1","typ":"at+jwt"}',
        *(header(alg=alg) for alg in ("es256", "ES256 ", "", None, 256, ["ES256"], True)),
    ],
)
async def test_algorithm_must_be_an_exact_string(api: Api, document: bytes) -> None:
    """It must be present, and case matters."""
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-06")
async def test_critical_extension_is_rejected(api: Api) -> None:
    """No extension is supported."""
    document = header(crit=["exp-x"], **{"exp-x": 1})
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-06")
async def test_example_of_appendix_e_is_rejected(api: Api) -> None:
    """As the RFC requires."""
    expect(await api.get(token=APPENDIX_E), "401 invalid_token")


@pytest.mark.conformance("7515-07")
@pytest.mark.parametrize(
    "crit",
    [[], ["alg"], ["x"], ["x", "x"], [1], {}, "alg", None, True],
    ids=repr,
)
async def test_malformed_crit_is_rejected(api: Api, crit: object) -> None:
    """Empty, naming registered or absent parameters, or not a list of strings."""
    expect(await api.get(token=compact(header(crit=crit), claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-08")
async def test_unknown_header_parameter_is_ignored(api: Api) -> None:
    """Whatever its value."""
    expect(await api.get(token=compact(header(foo={"a": 1}), claims(api))), "200")


@pytest.mark.conformance("7515-09")
@pytest.mark.parametrize("kid", ["k1", "evil"])
@pytest.mark.parametrize("name", ["jku", "x5u"])
async def test_url_in_a_token_is_never_fetched(api: Api, name: str, kid: str) -> None:
    """`jku` and `x5u` cause no request to the attacker's host."""
    token = compact(header(kid=kid, **{name: EVIL}), claims(api), by(attacker_key()))
    expect(await api.get(token=token), "401 invalid_token")
    assert all(url.startswith(f"{ISSUER}/") for url in api.authority.requests)


@pytest.mark.conformance("7515-10")
@pytest.mark.parametrize("kid", ["k1", "evil"])
@pytest.mark.parametrize(
    "brought",
    [
        pytest.param(lambda: {"jwk": attacker_key().jwk}, id="jwk"),
        pytest.param(lambda: {"x5c": [attacker_certificate()]}, id="x5c"),
    ],
)
async def test_key_in_a_token_is_never_trusted(
    api: Api, brought: Callable[[], dict[str, Any]], kid: str
) -> None:
    """`jwk` and `x5c` are not trust anchors."""
    token = compact(header(kid=kid, **brought()), claims(api), by(attacker_key()))
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7515-11")
async def test_kid_is_case_sensitive(api: Api) -> None:
    """`K1` does not select `k1`."""
    expect(await api.get(token=compact(header(kid="K1"), claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-12")
@pytest.mark.parametrize("where", [0, 1], ids=["header", "payload"])
async def test_signature_covers_header_and_payload(api: Api, where: int) -> None:
    """Another valid segment under the same signature is rejected."""
    parts = api.token().split(".")
    parts[where] = encode([header(x=1), claims(api, sub="admin")][where])
    expect(await api.get(token=".".join(parts)), "401 invalid_token")


@pytest.mark.conformance("7515-13")
async def test_algorithm_that_is_not_allowed_is_rejected(api: Api) -> None:
    """Even if the signature is correct; with the algorithm allowed it is accepted."""
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), hashes.SHA384.digest_size)
    publish(api, {"keys": [k2()]})
    document = header(alg="PS384", kid="k2")
    token = compact(document, claims(api), _rsa(pss, hashes.SHA384()))
    expect(await api.get(token=token), "401 invalid_token")
    allowing = Api(issuer={"algorithms": ["PS384"]})
    publish(allowing, {"keys": [k2()]})
    expect(await allowing.get(token=token), "200")


@pytest.mark.conformance("7515-14")
async def test_signature_over_another_hash_is_rejected(api: Api) -> None:
    """RS256 over SHA-1 is rejected, over SHA-256 accepted."""
    document = header(alg="RS256", kid="k2")
    sha1 = hashes.SHA1()  # noqa: S303 - shown to be refused
    old = compact(document, claims(api), _rsa(padding.PKCS1v15(), sha1))
    expect(await api.get(token=old), "401 invalid_token")
    good = compact(document, claims(api), _rsa(padding.PKCS1v15(), hashes.SHA256()))
    expect(await api.get(token=good), "200")


@pytest.mark.conformance("7515-15")
async def test_detached_payload_is_rejected(api: Api) -> None:
    """A JWT contains its claims."""
    head = encode(header())
    detached = f"{head}..{encode(by_k1(f'{head}.'.encode()))}"
    expect(await api.get(token=detached), "401 invalid_token")


@pytest.mark.conformance("7515-15")
@pytest.mark.parametrize(
    "parameters",
    [{"b64": False, "crit": ["b64"]}, {"b64": False}, {"b64": True, "crit": ["b64"]}],
    ids=repr,
)
async def test_unencoded_payload_is_rejected(api: Api, parameters: dict[str, Any]) -> None:
    """`"b64": false` is not supported."""
    expect(await api.get(token=compact(header(**parameters), claims(api))), "401 invalid_token")
