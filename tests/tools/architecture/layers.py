"""Which package may import which, and which module may use each third-party library."""

import ast
import sys
from collections.abc import Iterator, Mapping

from tests.tools.architecture.source import Import, Module

ROOT = "__init__"

# Each module or package directly under oauth_guard/ has a layer, and imports from lower layers.
LAYERS: Mapping[str, int] = {
    "reasons": 0,
    "explanations": 1,
    "errors": 1,
    "jose": 2,
    "protocol": 3,
    "interfaces": 4,
    "byte_budget": 4,
    "browser_access": 7,
    "log_limit": 5,
    "misplaced": 5,
    "single_flight": 5,
    "time_limits": 5,
    "trace": 5,
    "ttl_cache": 5,
    "app_lifespan": 7,
    "app_structure": 6,
    "asgi": 6,
    "http": 6,
    "identity_cache": 6,
    "inner_request": 7,
    "stores": 6,
    "issuers": 7,
    "possession": 7,
    "config": 7,
    "deny_entries": 5,
    "deny_list": 7,
    "decision_log": 6,
    "guard_settings": 6,
    "guard_lifecycle": 7,
    "token_validation": 7,
    "token_authentication": 7,
    "request_authorization": 7,
    "revocable": 4,
    "observers": 7,
    "guard": 8,
    "connections": 9,
    "connection_rules": 9,
    "guard_map": 9,
    "resource_metadata": 9,
    "route_check": 10,
    "exempt_connections": 10,
    "renewal": 11,
    "middleware": 11,
    "back_channel_logout": 11,
    "token_endpoint": 10,
    "django": 11,
    "early_data": 11,
    "litestar": 11,
    "litestar_routes": 12,
    "security_events": 11,
    "token_exchange": 11,
    "starlette": 11,
    "telemetry": 11,
    "uvicorn": 11,
    "wsgi": 11,
    "django_rest_framework": 12,
    "fastapi": 12,
    "routes": 13,
    "forward_auth": 12,
    "mcp": 12,
    "route_formats": 14,
    "cli": 15,
    "__main__": 16,
    ROOT: 16,
}

# The testing kit has no layer: it imports only these packages, and no package imports it.
KIT = "testing"
IMPORTED_BY_KIT = {KIT, "errors", "jose", "protocol"}
# Modules of the kit that replace parts of a built guard, so that no code of the guard knows of
# tests. They may import every layer up to the middleware.
REPLACING_PARTS = {f"{KIT}.{name}" for name in ("trust", "local_issuers", "identities")}

# The public modules, which the demo may import; protocol and names with an underscore are private.
PUBLIC = {
    *(ROOT, "explanations", "interfaces", "reasons", "resource_metadata", "route_check", "routes"),
    "trace",
    *(name for name, layer in LAYERS.items() if layer in {11, 12}),
}
PUBLIC_SUBMODULES = {
    "oauth_guard.config",
    "oauth_guard.deny_list",
    "oauth_guard.http.aiohttp_client",
    "oauth_guard.http.ssrf_transport",
    "oauth_guard.issuers.api_keys",
    "oauth_guard.issuers.client_auth",
    "oauth_guard.issuers.policy_decision_point",
    "oauth_guard.issuers.presets",
    "oauth_guard.issuers.remote_keys",
    "oauth_guard.issuers.status_lists",
    "oauth_guard.issuers.tenants",
    "oauth_guard.possession",
    "oauth_guard.protocol.events",
    "oauth_guard.stores.redis",
    "oauth_guard.stores.redis_notices",
    "oauth_guard.stores.redis_once",
}

PURE = {"reasons", "explanations", "errors", "jose", "protocol"}
INTERN = "sys.intern"  # the only function of `sys` that neither reads nor changes anything visible
IMPURE_LIBRARIES = {
    *("asyncio", "concurrent", "http.client", "http.server"),
    *("io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "secrets", "select"),
    *("shutil", "signal", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys"),
    *("tempfile", "threading", "time", "urllib.request", "uuid"),
}

# Each third-party library, and the modules that may import it.
HOMES: Mapping[str, set[str]] = {
    "jwt": {"jose.signing"},
    "cryptography": {
        "jose.algorithms",
        "jose.ml_dsa",
        "jose.jwk",
        "jose.pem",
        "jose.signing",
        "protocol.mtls",
    },
    "httpx": {"http.environment_transport", "http.own_client", "http.ssrf_transport", "http.tls"},
    "aiohttp": {"http.aiohttp_client"},
    "cachetools": {"ttl_cache"},
    "redis": {"stores.redis_clients"},
    "starlette": {"starlette", "routes"},
    "opentelemetry": {"telemetry.otel"},
    "prometheus_client": {"telemetry.prometheus"},
    "fastapi": {"fastapi"},
    "cyclopts": {
        *("cli.application", "cli.check", "cli.configuration", "cli.explain", "cli.forward_auth"),
        *("cli.request_options", "cli.routes", "cli.run", "cli.token"),
    },
    "rich": {"cli.output"},
    "uvicorn": {"cli.forward_auth", "cli.run", "uvicorn"},
    "asgiref": {"django"},
    "django": {"django"},
    "rest_framework": {"django_rest_framework"},
    "litestar": {"litestar"},
    "mcp": {"mcp.caller", "mcp.dispatch", "mcp.token_verifier"},
}

# What a module imports only where it is used, since `import oauth_guard` would take longer:
# httpx 80 ms, PyJWT 20 ms, certificates of cryptography 15 ms.
IMPORTED_LATE = {
    ("http.fetcher", "oauth_guard.http.own_client.open_client"),  # which imports httpx
    ("jose.signing", "jwt.algorithms.get_default_algorithms"),
    ("jose.pem", "cryptography.x509.load_pem_x509_certificate"),
    ("jose.pem", "cryptography.x509.InvalidVersion"),
    ("protocol.mtls", "cryptography.x509.load_der_x509_certificate"),
    ("protocol.mtls", "cryptography.x509.InvalidVersion"),
    ("cli.forward_auth", "uvicorn"),
    ("cli.run", "uvicorn"),
}
LIBRARIES_OF_KIT = {"httpx", "jwt", "cryptography"}
OPTIONAL = {
    *("aiohttp", "asgiref", "cyclopts", "django", "fastapi", "litestar", "mcp"),
    *("opentelemetry", "prometheus_client", "redis", "rest_framework", "rich", "uvicorn"),
}


def package_of(name: str) -> str:
    """Return the layered package of the module or import *name*, `ROOT` if it is in none."""
    first = name.split(".")[1:2]
    return first[0] if first and first[0] in {*LAYERS, KIT} else ROOT


def imports_run_down(module: Module) -> Iterator[str]:
    """A package imports only from itself and from lower layers."""
    package = package_of(module.name)
    if package == ROOT and not (module.is_package and module.name.count(".") == 0):
        yield module.complain(1, "this package has no layer: add it to LAYERS")
        return
    for each in module.imports:
        if each.library == "oauth_guard" and not _may_import(module.name, package_of(each.target)):
            yield module.complain(
                each.line, f"{package} may not import {each.target}: imports run down"
            )


def _may_import(name: str, other: str) -> bool:
    package = package_of(name)
    if name.partition(".")[2] in REPLACING_PARTS:
        return other == KIT or LAYERS[other] <= LAYERS["middleware"]
    if package == KIT:
        return other in IMPORTED_BY_KIT
    if other == KIT:
        return False
    if package == "interfaces":
        return other in {"jose", "protocol"}
    if package == other:
        return package != ROOT
    return LAYERS[other] < LAYERS[package]


def interfaces_only_describe(module: Module) -> Iterator[str]:
    """interfaces.py imports only names for types."""
    if package_of(module.name) == "interfaces":
        for each in module.imports:
            if each.library not in {"oauth_guard", "typing", "collections"}:
                yield module.complain(each.line, f"interfaces may not import {each.target}")


def core_is_pure(module: Module) -> Iterator[str]:
    """errors.py, jose/ and protocol/ have no async code and import no library that does I/O."""
    if package_of(module.name) not in PURE:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield module.complain(
                node.lineno,
                "no async code in the core: await in an outer layer and pass the value in",
            )
    for each in module.imports:
        if each.target == INTERN:
            continue
        if any(f"{each.target}.".startswith(f"{library}.") for library in IMPURE_LIBRARIES):
            yield module.complain(
                each.line, f"the core may not import {each.target}: take the value as an argument"
            )


def libraries_have_one_home(module: Module) -> Iterator[str]:
    """A third-party library is imported only in its home module."""
    name = module.name.partition(".")[2]
    for each in module.imports:
        if each.library in {"oauth_guard", *sys.stdlib_module_names}:
            continue
        if not _at_home(name, each):
            homes = ", ".join(sorted(HOMES.get(each.library, {"a module in HOMES"})))
            yield module.complain(each.line, f"only {homes} may import {each.library}")


def _at_home(name: str, imported: Import) -> bool:
    if imported.library == "pytest":
        return name == f"{KIT}.plugin"
    if name.startswith(f"{KIT}."):
        return imported.library in LIBRARIES_OF_KIT
    return name in HOMES.get(imported.library, set())


def libraries_are_imported_at_the_top(module: Module) -> Iterator[str]:
    """Third-party imports are at the top of a file, except for those in `IMPORTED_LATE`."""
    for each in module.imports:
        foreign = each.library not in sys.stdlib_module_names
        late = (module.name.partition(".")[2], each.target) in IMPORTED_LATE
        if foreign and not each.at_top and not late:
            yield module.complain(each.line, f"import {each.library} at the top of its home module")


def demo_imports_public_modules(module: Module) -> Iterator[str]:
    """The demo imports only what is public: the root package and the public modules."""
    for each in module.imports:
        if each.library != "oauth_guard":
            continue
        private = any(part.startswith("_") for part in each.target.split("."))
        public = any(each.target.startswith(f"{known}.") for known in PUBLIC_SUBMODULES)
        if private or not (public or package_of(each.target) in PUBLIC):
            yield module.complain(
                each.line, f"{each.target} is private: import from the root package"
            )
