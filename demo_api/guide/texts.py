"""texts_for_programs(): a Markdown twin of each page, llms.txt, and the list of external links."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from demo_api.guide.sources import ROOT

_EXTERNAL = re.compile(r"https?://[^\s)>\"'`|\]]+")
_TITLE = re.compile(r"^# (.*)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_NO_TEXT = ("#", "|", ">", "-", "!", "[!")
_SENTENCE = re.compile(r".+?\.(?= |$)")
_DOCSTRINGS = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_SECTIONS = {
    "": "Guide",
    "frameworks": "Frameworks",
    "applications": "Whole applications",
    "reason": "Reasons of rejections, each with a command and a remedy",
    "reference": "Reference, from docstrings",
}


def texts_for_programs(pages: Path) -> dict[str, str]:
    """Return the text of each file by its path in the site, for the Markdown files in *pages*."""
    texts = {
        page.relative_to(pages).as_posix(): _DOCSTRINGS.sub(
            lambda found: docstrings_of(found[1]), page.read_text(encoding="utf-8")
        )
        for page in sorted(pages.rglob("*.md"), key=Path.as_posix)
    }
    links = [f"{path} {each}" for path, text in texts.items() for each in _EXTERNAL.findall(text)]
    return texts | {"llms.txt": _index(texts), "external-links.txt": "\n".join([*links, ""])}


def docstrings_of(name: str) -> str:
    """Return the public names of the module *name*, with signatures and docstrings, as Markdown.

    They are read from the source; nothing is imported.
    """
    griffe: Any = import_module("griffe")  # comes with mkdocstrings-python
    module = griffe.load(name, search_paths=[str(ROOT)], resolve_aliases=True)
    public = (module[each] for each in module.exports or () if each in module.members)
    return "\n\n".join([_text_of(module), *(part for each in public for part in _described(each))])


def _described(member: Any) -> Iterator[str]:
    """Yield the heading and the docstring of *member*, and of the methods of a class."""
    yield _heading("##", member)
    yield _text_of(member)
    if member.is_class:
        for name, each in member.members.items():
            if not name.startswith("_") and each.docstring is not None:
                yield _heading("###", each)
                yield _text_of(each)


def _heading(level: str, member: Any) -> str:
    has_signature = member.is_class or (member.is_function and hasattr(member, "signature"))
    # A class without a constructor of its own has an empty signature.
    return f"{level} `{(has_signature and member.signature()) or member.name}`"


def _text_of(member: Any) -> str:
    return "" if member.docstring is None else str(member.docstring.value)


def _index(texts: Mapping[str, str]) -> str:
    """Return llms.txt: the summary of the first page, then each page by section with a sentence."""
    lines = [f"# {_title(texts['index.md'])}", "", f"> {_sentence(texts['index.md'])}"]
    for folder, heading in _SECTIONS.items():
        listed = [path for path in texts if path.rpartition("/")[0] == folder]
        lines += ["", f"## {heading}", ""]
        lines += [f"- [{_title(texts[each])}]({each}): {_sentence(texts[each])}" for each in listed]
    return "\n".join([*lines, ""])


def _title(text: str) -> str:
    found = _TITLE.search(text)
    return found[1] if found else ""


def _sentence(text: str) -> str:
    """Return the first sentence below the title that is no heading, table, list or code."""
    for paragraph in _CODE.sub("", text).split("\n\n"):
        if paragraph.strip() and not paragraph.startswith(_NO_TEXT):
            line = " ".join(paragraph.split())
            found = _SENTENCE.match(line)
            return found[0] if found else f"{line.rstrip(':')}."
    return ""
