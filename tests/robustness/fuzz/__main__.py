"""Fuzz the guard with atheris until it is stopped or an unexpected exception is raised.

The corpus is kept in `.hypothesis/fuzz`, so the next run continues from it.
"""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FINDINGS = Path(__file__).parents[3] / ".hypothesis" / "fuzz"
_USAGE = "python -m tests.robustness.fuzz TARGET [-runs=N] [-max_total_time=SECONDS]; targets: {}"
_MISSING = "atheris is missing, which needs Linux: .venv/bin/python -m pip install atheris"


def main(arguments: list[str]) -> None:
    """Fuzz the target that the first of *arguments* names; the others are passed to libFuzzer.

    Raises:
        SystemExit: atheris is missing, the target is unknown, or the run is over.
    """
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        raise SystemExit(_MISSING) from None
    with atheris.instrument_imports(include=["oauth_guard"]):
        targets: dict[str, Any] = importlib.import_module("tests.robustness.fuzz.targets").TARGETS
    name, *options = arguments or [""]
    if name not in targets:
        raise SystemExit(_USAGE.format(", ".join(targets)))
    corpus = _corpus(name, targets[name].accepted)
    # Before the options of the caller, so that these take precedence.
    atheris.Setup(
        [sys.argv[0], f"-artifact_prefix={corpus}-", *options, str(corpus)], targets[name].status
    )
    atheris.Fuzz()


def _corpus(name: str, seeds: Iterable[bytes]) -> Path:
    corpus = _FINDINGS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"{number}").write_bytes(seed)
    return corpus


if __name__ == "__main__":
    main(sys.argv[1:])
