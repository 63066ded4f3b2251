"""Draw sentences and names of the source for a reader: `python -m tests.tools.architecture.sample`.

A reader who knows OAuth and has not seen the code must understand each without reading it twice.
`--seed` selects the draw, so that a second reader can be shown the same one.
"""

import argparse
import inspect
import random
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from tests.tools.architecture.source import Module, modules_of
from tests.tools.architecture.vocabulary import docstrings, identifiers

PACKAGES = ("oauth_guard", "demo_api")
DRAWN = 20

_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:\S+: |- ))")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*\d])")
_HEADING = re.compile(r"(Args|Attributes|Raises|Returns|Yields|Example|Examples):\s*")


def sentences(module: Module) -> Iterator[str]:
    """Yield each sentence of the docstrings of *module*, with its place."""
    for line, text in docstrings(module.tree):
        for paragraph in _PARAGRAPH.split(inspect.cleandoc(text)):
            plain = _HEADING.sub("", " ".join(paragraph.split()))
            for sentence in _SENTENCE_END.split(plain):
                if sentence:
                    yield f"{module.name}:{line}  {sentence}"


def names(module: Module) -> Iterator[str]:
    """Yield each name that *module* defines or assigns, with the place of its first use."""
    first: dict[str, int] = {}
    for line, name in sorted(identifiers(module.tree)):
        if len(name.strip("_")) > 1 and name not in {"self", "cls"}:
            first.setdefault(name, line)
    for name, line in first.items():
        yield f"{module.name}:{line}  {name}"


def draw(seed: int, modules: Iterable[Module]) -> tuple[list[str], list[str]]:
    """Return 20 sentences and 20 names of *modules*; the same *seed* gives the same draw."""
    chance = random.Random(seed)  # noqa: S311 - the draw must be reproducible, not secret
    read = list(modules)
    found = ([each for module in read for each in kind(module)] for kind in (sentences, names))
    drawn_sentences, drawn_names = (
        chance.sample(sorted(set(each)), min(DRAWN, len(set(each)))) for each in found
    )
    return drawn_sentences, drawn_names


def main(arguments: Sequence[str]) -> None:
    """Print the draw that *arguments* select."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.architecture.sample")
    parser.add_argument("--seed", type=int, default=1, help="selects the draw; default: 1")
    seed = parser.parse_args(arguments).seed
    modules = (module for package in PACKAGES for module in modules_of(package))
    drawn_sentences, drawn_names = draw(seed, modules)
    lines = ["Sentences", "", *drawn_sentences, "", "Names", "", *drawn_names]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
