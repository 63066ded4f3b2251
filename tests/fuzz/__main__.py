"""Fuzz the guard with atheris, until it is stopped or something else than an answer comes out."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_USAGE = "python -m tests.fuzz TARGET [-runs=N] [-max_total_time=SECONDS]; targets: {}"
_MISSING = "atheris is missing, which needs Linux: .venv/bin/python -m pip install atheris"


def main(arguments: list[str]) -> None:
    """Fuzz the target that *arguments* begin with; libFuzzer takes the others.

    Raises:
        SystemExit: atheris is missing, the target is unknown, or the run is over.
    """
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        raise SystemExit(_MISSING) from None
    with atheris.instrument_imports(include=["oauth_guard"]):
        targets: dict[str, Any] = importlib.import_module("tests.fuzz.targets").TARGETS
    name, *options = arguments or [""]
    if name not in targets:
        raise SystemExit(_USAGE.format(", ".join(targets)))
    with TemporaryDirectory() as corpus:
        _write(Path(corpus), targets[name].good)
        atheris.Setup([sys.argv[0], *options, corpus], targets[name].status)
        atheris.Fuzz()


def _write(corpus: Path, seeds: Iterable[bytes]) -> None:
    for number, seed in enumerate(seeds):
        (corpus / f"{number}").write_bytes(seed)


if __name__ == "__main__":
    main(sys.argv[1:])
