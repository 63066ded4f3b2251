"""REQUEST_SCENES: requests whose header fields, path or body decide, sent with curl."""

from collections.abc import Callable, Mapping

from oauth_guard.possession import ForwardedCertificate
from oauth_guard.protocol.rules import Rules
from oauth_guard.reasons import Reason
from oauth_guard.testing.certificates import ClientCertificate
from tests.tools.reason_pages.scene import CURL, Prepare, Scene, bearer, request
from tests.tools.reason_pages.stage import API, Fields, Stage

_SECRET = "0123456789abcdef"
_FROM_PROXY = ("X-Proxy-Secret", _SECRET)
_CLIENT_CERT = ForwardedCertificate("client-cert", secret=_FROM_PROXY)
_CERTIFICATE = ClientCertificate()
_CHAIN = ("Client-Cert-Chain", _CERTIFICATE.client_cert)
_FORM = f"{CURL} -d @form.txt {API}/orders"
_PATH = f"{CURL} --path-as-is -H @headers.txt -K address.txt"


def _with(*more: tuple[str, str]) -> Callable[[Stage], Fields]:
    """Return a genuine token and *more* fields."""
    return lambda stage: [*bearer(stage), *more]


def _as(value: str) -> Callable[[Stage], Fields]:
    """Return the field `Authorization` with *value*, in which `{}` is a genuine token."""
    return lambda stage: [("Authorization", value.format(stage.issuer.token("orders:read")))]


def _from_proxy(*certificate: tuple[str, str]) -> Callable[[Stage], Fields]:
    """Return a token that is bound to our certificate, and what the proxy adds."""

    def fields(stage: Stage) -> Fields:
        bound = stage.issuer.token("orders:read", cnf=_CERTIFICATE.cnf)
        return [("Authorization", f"Bearer {bound}"), _FROM_PROXY, *certificate]

    return fields


def _certificate(*wrong: tuple[str, str]) -> Scene:
    own = _from_proxy(("Client-Cert", _CERTIFICATE.client_cert))
    return request(_from_proxy(*wrong), own, certificates=_CLIENT_CERT)


def _in_proxy_header(*more: tuple[str, str]) -> Callable[[Stage], Fields]:
    return lambda stage: [("X-Proxy-Token", stage.issuer.token("orders:read")), *more]


def _form(padding: int) -> Prepare:
    """Send the token in a form with so many further characters."""

    def run(stage: Stage) -> None:
        stage.serve(bearer_methods=["header", "body"])
        sent = stage.issuer.token("orders:read")
        stage.write("form.txt", f"access_token={sent}&note={'x' * padding}")
        # the command itself sends the request

    return run


def _at(path: str, rules: Rules) -> Prepare:
    """Send a request to *path* of an API with *rules*."""

    def run(stage: Stage) -> None:
        stage.serve(middleware={"rules": rules})
        stage.write("headers.txt", "".join(f"{name}: {value}\n" for name, value in bearer(stage)))
        stage.write("address.txt", f'url = "{stage.api}{path}"\n')
        # the command itself sends the request

    return run


_DEFAULT_DENY = Rules([("GET /orders", "orders:read")], default="deny")
_TWO_RULES = Rules(
    [("GET /orders/*", "orders:read"), ("GET /orders/secret", "orders:admin")], default="deny"
)
_ADDRESS = "`headers.txt` has the header fields of the request, `address.txt` its address for curl."

REQUEST_SCENES: Mapping[Reason, Scene] = {
    Reason.NO_CREDENTIALS: request(lambda _: [("Accept", "application/json")], bearer),
    Reason.UNSUPPORTED_SCHEME: request(_as("Basic YWRhOmFuYWx5dGljYWw="), bearer),
    Reason.MALFORMED_CREDENTIALS: request(_as('Bearer "{}"'), bearer),
    Reason.SEVERAL_CREDENTIALS: request(lambda stage: [*bearer(stage), *bearer(stage)], bearer),
    Reason.HTTPS_REQUIRED: request(
        _with(("X-Forwarded-Proto", "http")),
        _with(("X-Forwarded-Proto", "https")),
        require_https=True,
    ),
    Reason.BODY_TOO_LARGE: Scene(
        _FORM,
        _form(70_000),
        _form(7),
        ("form.txt",),
        "`form.txt` has the body of the request: a form with `access_token`.",
    ),
    Reason.AMBIGUOUS_PATH: Scene(
        _PATH,
        _at("/orders%2fsecret", _TWO_RULES),
        _at("/orders/7", _TWO_RULES),
        ("address.txt",),
        _ADDRESS,
    ),
    Reason.NO_RULE: Scene(
        _PATH,
        _at("/invoices", _DEFAULT_DENY),
        _at("/orders", _DEFAULT_DENY),
        ("address.txt",),
        _ADDRESS,
    ),
    Reason.SEVERAL_CERTIFICATES: _certificate(
        ("Client-Cert", _CERTIFICATE.client_cert), ("Client-Cert", _CERTIFICATE.client_cert)
    ),
    Reason.CERTIFICATE_TOO_LONG: _certificate(("Client-Cert", f":{'A' * 40_000}:")),
    Reason.MALFORMED_CERTIFICATE: _certificate(("Client-Cert", _CERTIFICATE.escaped_pem)),
    Reason.CHAIN_WITHOUT_CERTIFICATE: _certificate(_CHAIN),
    Reason.WRONG_ORIGIN: request(
        _in_proxy_header(("Origin", "https://forum.example")),
        lambda stage: [*_in_proxy_header()(stage), ("Origin", stage.api)],
        token_header="X-Proxy-Token",
    ),
}
"""The scene of each reason that the form of a request decides."""
