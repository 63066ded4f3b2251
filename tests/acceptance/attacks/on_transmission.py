"""Attacks by the transmission method: forms, queries, several tokens, and requests without TLS."""

from oauth_guard.errors import Reason
from tests.acceptance.attacks.attack import Attack, any_method, handshake, request, tls_only

FORM = (b"content-type", b"application/x-www-form-urlencoded")
HEADER = (b"authorization", b"Bearer {T}")
BAD_REQUEST = "400 invalid_request"
LIMIT = 64 * 1024


R = Reason
ON_TRANSMISSION: dict[str, Attack] = {
    # Several tokens, of which a lenient parser would use the attacker's choice
    **{
        f"header and query, {other!r}": request(
            BAD_REQUEST,
            R.SEVERAL_CREDENTIALS,
            [HEADER],
            target=f"/r?access_token={other}",
            api=any_method,
        )
        for other in ("{T}", "evil", "")
    },
    **{
        f"header and form, {other!r}": request(
            BAD_REQUEST,
            R.SEVERAL_CREDENTIALS,
            [HEADER, FORM],
            method="POST",
            chunks=[b"access_token=" + other],
            api=any_method,
        )
        for other in (b"{T}", b"evil", b"")
    },
    "query and form": request(
        BAD_REQUEST,
        R.SEVERAL_CREDENTIALS,
        [FORM],
        method="POST",
        target="/r?access_token={T}",
        chunks=[b"access_token={T}"],
        api=any_method,
    ),
    "another scheme and query": request(
        BAD_REQUEST,
        R.SEVERAL_CREDENTIALS,
        [(b"authorization", b"Basic ZXZpbA==")],
        target="/r?access_token={T}",
        api=any_method,
    ),
    **{
        f"query {query!r}": request(
            BAD_REQUEST, R.SEVERAL_CREDENTIALS, target=f"/r?{query}", api=any_method
        )
        for query in (
            "access_token={T}&access_token={T}",
            "access_token={T}&access_token=evil",
            "access_token=evil&access_token={T}",
            "access_token={T}&access%5Ftoken=evil",
            "access%5ftoken={T}&%61ccess_token=evil",
            "access_token&access_token={T}",
        )
    },
    **{
        f"form {form!r}": request(
            BAD_REQUEST,
            R.SEVERAL_CREDENTIALS,
            [FORM],
            method="POST",
            chunks=[form],
            api=any_method,
        )
        for form in (
            b"access_token={T}&access_token={T}",
            b"access_token={T}&access_token=evil",
            b"access_token={T}&access%5Ftoken=evil",
            b"access_token&access_token={T}",
        )
    },
    "second token in a later chunk of the form": request(
        BAD_REQUEST,
        R.SEVERAL_CREDENTIALS,
        [FORM],
        method="POST",
        chunks=[b"access_token={T}", b"", b"&access_tok", b"en={T}"],
        api=any_method,
    ),
    # Parameters with a similar name
    **{
        f"query {query!r}": request("401 none", R.NO_CREDENTIALS, target=query, api=any_method)
        for query in (
            "/r?access%255Ftoken={T}",
            "/r?Access_Token={T}",
            "/r?access_token%00={T}",
            "/r?access_token[]={T}",
            "/r?a=1;access_token={T}",
            "/r?a=access_token={T}",
            "/r?token={T}",
            "/r%3Faccess_token={T}",
        )
    },
    **{
        f"query {query[:24]!r}": request(
            BAD_REQUEST, R.MALFORMED_CREDENTIALS, target=f"/r?{query}", api=any_method
        )
        for query in (
            "access_token=",
            "access_token",
            "access_token=Bearer+{T}",
            "access_token={T},{T}",
            "access_token={T};evil=1",
            "access_token={T}%00",
            "access_token=%FF",
            "&" * 1000,
        )
    },
    "token in the query over the limit": request(
        BAD_REQUEST,
        R.CREDENTIALS_TOO_LONG,
        target=f"/r?access_token={'x' * 20_000}",
        api=any_method,
    ),
    # Bodies that are no form, or must not be read
    **{
        f"form as {kind!r}": request(
            "401 none",
            R.NO_CREDENTIALS,
            [(b"content-type", kind)],
            method="POST",
            chunks=[b"access_token={T}"],
            api=any_method,
        )
        for kind in (
            b"text/plain",
            b"application/json",
            b"",
            b"application/x-www-form-urlencoded, text/plain",
            b"text/plain; application/x-www-form-urlencoded",
        )
    },
    "form with two content types": request(
        "401 none",
        R.NO_CREDENTIALS,
        [FORM, (b"content-type", b"text/plain")],
        method="POST",
        chunks=[b"access_token={T}"],
        api=any_method,
    ),
    "multipart form": request(
        "401 none",
        R.NO_CREDENTIALS,
        [(b"content-type", b"multipart/form-data; boundary=x")],
        method="POST",
        chunks=[
            b'--x\r\ncontent-disposition: form-data; name="access_token"\r\n\r\n{T}\r\n--x--\r\n'
        ],
        api=any_method,
    ),
    **{
        f"form by {method!r}": request(
            "401 none",
            R.NO_CREDENTIALS,
            [FORM],
            method=method,
            chunks=[b"access_token={T}"],
            api=any_method,
        )
        for method in ("GET", "HEAD", "DELETE", "post", "EVIL")
    },
    **{
        f"huge form, {name}": request(
            "413 invalid_request",
            R.BODY_TOO_LARGE,
            [FORM],
            method="POST",
            chunks=chunks,
            api=any_method,
        )
        for name, chunks in {
            "token first": [b"access_token={T}&a=", b"x" * LIMIT],
            "token last": [b"x" * LIMIT, b"&access_token={T}"],
            "in small chunks": [b"x" * 64] * 2000,
            "in one chunk": [b"x" * 4_000_000],
        }.items()
    },
    "huge form beside a token in the header": request(
        "413 invalid_request",
        R.BODY_TOO_LARGE,
        [HEADER, FORM],
        method="POST",
        chunks=[b"x" * LIMIT, b"x"],
        api=any_method,
    ),
    **{
        f"form {form[:24]!r}": request(
            BAD_REQUEST,
            R.MALFORMED_CREDENTIALS,
            [FORM],
            method="POST",
            chunks=[form],
            api=any_method,
        )
        for form in (
            b"\xffaccess_token={T}",
            b"access_token={T}\n",
            "access_token={T}".encode("utf-16"),
            b"a&" * 1000 + b"access_token={T}",
        )
    },
    # Without TLS
    **{
        f"{name} over http": request(
            BAD_REQUEST,
            R.HTTPS_REQUIRED,
            headers,
            method="POST",
            target=target,
            chunks=chunks,
            api=tls_only,
            scheme="http",
        )
        for name, headers, target, chunks in (
            ("header", [HEADER], "/r", []),
            ("query", [], "/r?access_token={T}", []),
            ("form", [FORM], "/r", [b"access_token={T}"]),
            ("two tokens", [HEADER], "/r?access_token={T}", []),
            ("no token", [], "/r", []),
            ("said to be TLS", [HEADER, (b"x-forwarded-proto", b"https")], "/r", []),
            ("said so in another way", [HEADER, (b"forwarded", b"proto=https")], "/r", []),
        )
    },
    "handshake with two tokens": handshake(
        BAD_REQUEST,
        R.SEVERAL_CREDENTIALS,
        target="/r?access_token=evil",
        authorization="Bearer {T}",
        api=any_method,
    ),
    "handshake with an invalid token in the query": handshake(
        "401 invalid_token", R.MALFORMED_TOKEN, target="/r?access_token=evil", api=any_method
    ),
}
