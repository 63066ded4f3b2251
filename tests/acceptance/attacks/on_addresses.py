"""Attacks on the internal network through the `jwks_uri` of an issuer."""

from collections.abc import Mapping, Sequence

from oauth_guard.errors import Reason

ELSEWHERE = "198.51.101.7"
NAMES: Mapping[str, Sequence[str]] = {
    "as.example.com": [ELSEWHERE],
    "loopback.evil.example": ["127.0.0.1"],
    "loopback6.evil.example": ["::1"],
    "cloud.evil.example": ["169.254.169.254"],
    "private.evil.example": ["10.0.0.1"],
    "private6.evil.example": ["fd00::1"],
    "half.evil.example": [ELSEWHERE, "127.0.0.1"],
    "mapped.evil.example": ["::ffff:127.0.0.1"],
    "localhost": ["127.0.0.1"],
    "database": ["172.16.0.7"],
}
"""The addresses of each name; all other addresses refuse connections."""

ON_ADDRESSES: Mapping[str, tuple[str, Reason]] = {
    **{
        f"keys at {host}": (f"https://{host}/jwks", Reason.UNREACHABLE)
        for host in (
            # Names that resolve to an internal address
            *(name for name in NAMES if name != "as.example.com"),
            # Notations of the loopback address
            *("127.0.0.1", "127.1", "127.0.1", "127.8.9.10", "2130706433", "0x7f000001", "0x7f.1"),
            *("0177.0.0.1", "017700000001", "0", "0.0.0.0", "127.0.0.1."),  # noqa: S104 - refused
            *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
            *("[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::ffff:0:127.0.0.1]"),
            # Notations of link-local, private and other special addresses
            *("169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:a9fe:a9fe]", "[fe80::1]"),
            *("10.0.0.1", "10.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "[fd00::1]"),
            *("[fec0::1]", "[64:ff9b:1::a9fe:a9fe]", "224.0.0.1", "255.255.255.255"),
        )
    },
    "keys on loopback over http": ("http://127.0.0.1/jwks", Reason.UNREACHABLE),
    "keys on localhost over http": ("http://localhost/jwks", Reason.UNREACHABLE),
    "keys on the cloud metadata address over http": (
        "http://169.254.169.254/jwks",
        Reason.WRONG_METADATA,
    ),
    "keys in a file": ("file:///etc/passwd", Reason.WRONG_METADATA),
    "keys over gopher": ("gopher://127.0.0.1:6379/_EVIL", Reason.WRONG_METADATA),
    "host as userinfo": ("https://as.example.com@127.0.0.1/jwks", Reason.WRONG_METADATA),
    "host in the fragment": ("https://127.0.0.1#@as.example.com/", Reason.WRONG_METADATA),
    "host after a backslash": ("https://127.0.0.1\\@as.example.com/", Reason.WRONG_METADATA),
    "keys behind a redirect": ("https://as.example.com/moved", Reason.BAD_RESPONSE),
}
"""Attack → the `jwks_uri` in the metadata, and the reason why it is not fetched."""

REDIRECTS: Mapping[str, str] = {"/moved": "https://127.0.0.1/jwks"}
