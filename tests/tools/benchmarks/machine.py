"""The circumstances of a run: the machine, and the versions of what was measured."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

_PACKAGES = (
    *("oauth-guard", "cryptography", "pyjwt", "starlette", "fastapi", "uvicorn"),
    *("httpx", "httpx2", "aiohttp", "redis"),
)


def machine() -> dict[str, str]:
    """Return the facts about the machine that the figures depend on."""
    return {
        "CPU": _cpu(),
        "cores": str(os.cpu_count()),
        "OS": f"{platform.system()} {platform.machine()}",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions() -> dict[str, str]:
    """Return the version of each package that affects the figures."""
    return {name: version(name) for name in _PACKAGES}


def _cpu() -> str:
    """Return the processor's name; Python knows it only on some systems."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
