"""RFC 7515, JSON Web Signature: section 9 of the conformance matrix."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.acceptance.attacks.forgery import by, by_k1, encode, mallory, mallory_certificate
from tests.acceptance.standards.api import ISSUER, Api, signing_keys
from tests.acceptance.standards.bytewise import claims, compact, header, k2, publish, signed
from tests.acceptance.standards.outcome import expect

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
        pytest.param(lambda *_: "..", id="nothing but dots"),
        pytest.param(lambda h, p, s: f"{h}..{p}.{s}", id="an empty one between"),
        pytest.param(lambda h, p, s: f".{h}.{p}.{s}", id="an empty one before"),
    ],
)
async def test_a_token_has_three_segments(api: Api, mangle: Callable[..., str]) -> None:
    """And its signature is not empty."""
    expect(await api.get(token=mangle(*api.token().split("."))), "401 invalid_token")


def _with_spare_bits(segment: str) -> str:
    """Return *segment* ending in a character that decodes alike; its spare bits are not zero."""
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
async def test_a_segment_has_one_spelling(
    api: Api, rewrite: Callable[[str], str], where: str
) -> None:
    """Another one is refused though the signature is good, over what was sent."""
    head = _telling(lambda n: encode(header(a="~?" * n)))
    payload = _telling(lambda n: encode(claims(api, a="~?" * n)))
    if where == "header":
        head = rewrite(head)
    elif where == "payload":
        payload = rewrite(payload)
    signature = _telling(lambda _: signed(head, payload).rpartition(".")[2])
    if where == "signature":
        signature = rewrite(signature)
    expect(await api.get(token=f"{head}.{payload}.{signature}"), "401 invalid_token")


def _telling(make: Callable[[int], str]) -> str:
    """Return a segment in which each of the spellings would show."""
    made = map(make, count())
    return next(text for text in made if {"-", "_"} <= set(text) and len(text) % 4 > 1)


@pytest.mark.conformance("7515-02")
@pytest.mark.parametrize("pads", ["=", "=="])
async def test_padding_is_no_part_of_a_segment(api: Api, pads: str) -> None:
    """Behind the signature it is the syntax of a token, but not of a JWS."""
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
async def test_a_header_is_one_json_object(api: Api, document: bytes) -> None:
    """In UTF-8, to its end."""
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
async def test_a_header_names_each_parameter_once(api: Api, document: bytes) -> None:
    """Neither the first nor the last wins."""
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-05")
@pytest.mark.parametrize(
    "document",
    [
        b'{"kid":"k1","typ":"at+jwt"}',
        *(header(alg=alg) for alg in ("es256", "ES256 ", "", None, 256, ["ES256"], True)),
    ],
)
async def test_the_algorithm_is_named_exactly(api: Api, document: bytes) -> None:
    """There is one, it is a string, and case counts."""
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-06")
async def test_what_is_critical_is_not_understood(api: Api) -> None:
    """No extension is, so a token that needs one is refused."""
    document = header(crit=["exp-x"], **{"exp-x": 1})
    expect(await api.get(token=compact(document, claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-06")
async def test_the_example_of_appendix_e_is_refused(api: Api) -> None:
    """As the RFC says that it must be."""
    expect(await api.get(token=APPENDIX_E), "401 invalid_token")


@pytest.mark.conformance("7515-07")
@pytest.mark.parametrize(
    "crit",
    [[], ["alg"], ["x"], ["x", "x"], [1], {}, "alg", None, True],
    ids=repr,
)
async def test_a_malformed_list_of_extensions_is_refused(api: Api, crit: object) -> None:
    """Empty, of names that are no extensions, absent ones, or no list."""
    expect(await api.get(token=compact(header(crit=crit), claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-08")
async def test_unknown_parameters_are_ignored(api: Api) -> None:
    """Whatever they hold."""
    expect(await api.get(token=compact(header(foo={"a": 1}), claims(api))), "200")


@pytest.mark.conformance("7515-09")
@pytest.mark.parametrize("kid", ["k1", "evil"])
@pytest.mark.parametrize("name", ["jku", "x5u"])
async def test_no_address_in_a_token_is_followed(api: Api, name: str, kid: str) -> None:
    """The attacker's keys stay where they are."""
    token = compact(header(kid=kid, **{name: EVIL}), claims(api), by(mallory()))
    expect(await api.get(token=token), "401 invalid_token")
    assert all(url.startswith(f"{ISSUER}/") for url in api.authority.requests)


@pytest.mark.conformance("7515-10")
@pytest.mark.parametrize("kid", ["k1", "evil"])
@pytest.mark.parametrize(
    "brought",
    [
        pytest.param(lambda: {"jwk": mallory().jwk}, id="jwk"),
        pytest.param(lambda: {"x5c": [mallory_certificate()]}, id="x5c"),
    ],
)
async def test_no_key_in_a_token_is_trusted(
    api: Api, brought: Callable[[], dict[str, Any]], kid: str
) -> None:
    """A token can't vouch for itself."""
    token = compact(header(kid=kid, **brought()), claims(api), by(mallory()))
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7515-11")
async def test_a_key_is_named_exactly(api: Api) -> None:
    """Case counts."""
    expect(await api.get(token=compact(header(kid="K1"), claims(api))), "401 invalid_token")


@pytest.mark.conformance("7515-12")
@pytest.mark.parametrize("where", [0, 1], ids=["header", "payload"])
async def test_the_signature_covers_what_was_received(api: Api, where: int) -> None:
    """Another segment, good by itself, is not what was signed."""
    parts = api.token().split(".")
    parts[where] = encode([header(x=1), claims(api, sub="admin")][where])
    expect(await api.get(token=".".join(parts)), "401 invalid_token")


@pytest.mark.conformance("7515-13")
async def test_an_algorithm_that_is_not_allowed_verifies_nothing(api: Api) -> None:
    """A correct signature by it does not count."""
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), hashes.SHA384.digest_size)
    publish(api, {"keys": [k2()]})
    document = header(alg="PS384", kid="k2")
    token = compact(document, claims(api), _rsa(pss, hashes.SHA384()))
    expect(await api.get(token=token), "401 invalid_token")
    allowing = Api(issuer={"algorithms": ["PS384"]})
    publish(allowing, {"keys": [k2()]})
    expect(await allowing.get(token=token), "200")


@pytest.mark.conformance("7515-14")
async def test_the_hash_is_that_of_the_algorithm(api: Api) -> None:
    """A signature over another hash does not count."""
    document = header(alg="RS256", kid="k2")
    sha1 = hashes.SHA1()  # noqa: S303 - shown to be refused
    old = compact(document, claims(api), _rsa(padding.PKCS1v15(), sha1))
    expect(await api.get(token=old), "401 invalid_token")
    good = compact(document, claims(api), _rsa(padding.PKCS1v15(), hashes.SHA256()))
    expect(await api.get(token=good), "200")


@pytest.mark.conformance("7515-15")
async def test_a_detached_payload_is_none(api: Api) -> None:
    """A token holds its claims."""
    told = encode(header())
    detached = f"{told}..{encode(by_k1(f'{told}.'.encode()))}"
    expect(await api.get(token=detached), "401 invalid_token")


@pytest.mark.conformance("7515-15")
@pytest.mark.parametrize(
    "parameters",
    [{"b64": False, "crit": ["b64"]}, {"b64": False}, {"b64": True, "crit": ["b64"]}],
    ids=repr,
)
async def test_a_payload_is_encoded(api: Api, parameters: dict[str, Any]) -> None:
    """A header that says otherwise is refused."""
    expect(await api.get(token=compact(header(**parameters), claims(api))), "401 invalid_token")
