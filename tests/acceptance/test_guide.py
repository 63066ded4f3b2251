"""The documentation as a site: it builds without a warning, and its links lead somewhere."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from demo_api.guide import Guide, build, missing_tools, start_building
from demo_api.guide.__main__ import main
from demo_api.guide.build import BuildError
from demo_api.guide.sources import DOCS, REFERENCE, ROOT
from oauth_guard.explanations import EXPLANATIONS
from tests.tools.architecture.picture import PICTURE, picture

_LINK = re.compile(r'(?:href|src)="?([^"\s>]+)')
_ID = re.compile(r'\sid="?([^"\s>]+)')
needs_tools = pytest.mark.skipif(bool(missing_tools()), reason="needs the extra guide")


def broken_links(site: Path) -> Iterator[str]:
    """Yield the links inside *site* that lead to no file, or to no heading of one."""
    for page in site.rglob("*.html"):
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = unquote(parts.path)
            target = site / path.lstrip("/") if path.startswith("/") else page.parent / path
            target = target / "index.html" if target.is_dir() else target
            target = target if path else page
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and anchor not in _anchors(target)):
                yield f"{page.relative_to(site)}: {link}"


@cache
def _anchors(page: Path) -> set[str]:
    return set(_ID.findall(page.read_text(encoding="utf-8")))


def public_names(module: str) -> list[str]:
    """Return `__all__` of *module* from its source, since some can't be imported here."""
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


@needs_tools
def test_links_inside_the_site_lead_to_pages_and_headings(site: Path) -> None:
    """Those to other sites are listed, and are not requested."""
    assert not list(broken_links(site))
    listed = (site / "external-links.txt").read_text(encoding="utf-8").splitlines()
    assert listed == sorted(listed, key=lambda each: each.partition(" ")[0])
    assert any(" https://" in each for each in listed)


@needs_tools
def test_each_reason_and_each_public_module_has_a_page(site: Path) -> None:
    """The pages of the reference hold the docstrings."""
    assert all((site / "reason" / reason / "index.html").is_file() for reason in EXPLANATIONS)
    for name in REFERENCE:
        assert "doc-contents" in (site / "reference" / name / "index.html").read_text("utf-8")


@needs_tools
def test_each_page_has_a_markdown_twin_that_llms_txt_lists(site: Path) -> None:
    """For readers that are programs."""
    text = (site / "llms.txt").read_text("utf-8")
    assert re.match(r"# oauth_guard\n\n> \S.*\.\n\n## Guide\n", text)
    listed = re.findall(r"^- \[.+?\]\(([^)]*)\): \S.*\.$", text, re.MULTILINE)
    assert len(listed) == text.count("\n- ")  # each with a sentence
    assert {"index.md", "security.md", "reason/expired.md"} <= set(listed)
    for path in listed:
        text = (site / path).read_text(encoding="utf-8")
        assert re.search(r"^# ", text, re.MULTILINE), path
    pages = [page for page in site.rglob("index.html") if page.parent != site]
    assert len(pages) + 1 == len(listed)


@needs_tools
def test_site_loads_nothing_from_another_host(site: Path) -> None:
    """Fonts, scripts and pictures are its own."""
    loaded = re.compile(r'<(?:script|img|link)[^>]*(?:src|href)="?(https?://[^"\s>]+)')
    for page in site.rglob("*.html"):
        assert not loaded.findall(page.read_text(encoding="utf-8")), page


@needs_tools
def test_markdown_twin_of_a_reference_page_has_the_docstrings(site: Path) -> None:
    """With the signatures, as the page has them."""
    for name in REFERENCE:
        twin = (site / "reference" / f"{name}.md").read_text(encoding="utf-8")
        assert ":::" not in twin
        public = public_names(name)
        missing = [each for each in public if not re.search(rf"^## `{each}\b", twin, re.MULTILINE)]
        assert missing == [], name
    twin = (site / "reference/oauth_guard.deny_list.md").read_text(encoding="utf-8")
    assert "keep_for: Seconds = _DAY" in twin
    assert "How long an entry is kept, in seconds." in twin


@needs_tools
def test_each_column_of_a_table_has_a_heading(site: Path) -> None:
    """A screen reader reads it with each cell."""
    for page in site.rglob("*.html"):
        assert not re.search(r"<th[^>]*></th>", page.read_text(encoding="utf-8")), page


@needs_tools
def test_guide_is_served_with_its_pictures(site: Path) -> None:
    """A page of a folder needs no file name."""
    client = TestClient(Starlette(routes=[Mount("/guide", Guide(site))]))
    assert "oauth_guard" in client.get("/guide/").text
    assert client.get("/guide/reason/expired").status_code == 200
    assert client.get("/guide/pictures/walk.png").headers["content-type"] == "image/png"
    missing = client.get("/guide/nowhere/at/all")
    assert missing.status_code == 404
    assert '<a href="/guide/">' in missing.text


def test_picture_of_the_architecture_shows_the_modules() -> None:
    """Each drawn module exists, and nine of ten are drawn.

    `.venv/bin/python -m tests.tools.architecture.picture` draws it again.
    """
    name = re.compile(r">([\w]+)</text></g>")
    drawn = set(name.findall(PICTURE.read_text(encoding="utf-8")))
    modules = set(name.findall(picture()))
    assert drawn <= modules
    assert len(drawn) >= 0.9 * len(modules)


@needs_tools
def test_each_page_is_in_the_menu(site: Path) -> None:
    """A page that the configuration does not list is under More."""
    listed = (site / "index.html").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert re.search(rf'href="?(?:\./)?{page.stem}/', listed), page.stem


def test_guide_that_is_not_built_yet_says_so(tmp_path: Path) -> None:
    """The page is 503 and can be loaded again."""
    client = TestClient(Starlette(routes=[Mount("/guide", Guide(tmp_path / "none"))]))
    response = client.get("/guide/")
    assert response.status_code == 503
    assert "shows why" in response.text or "Install" in response.text


@needs_tools
def test_link_to_no_page_fails_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build is strict, and no site appears."""
    text = "# X\n\n[x](nowhere.md)\n"
    monkeypatch.setattr("demo_api.guide.sources._reference", lambda: {"x.md": text})
    with pytest.raises(BuildError, match="page does not exist"):
        build(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_start_without_the_tools_names_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo starts all the same; a site that is there needs no tool."""
    monkeypatch.setattr("demo_api.guide.serving.missing_tools", lambda: ["zensical"])
    assert "zensical" in start_building(Guide(tmp_path / "none"))
    client = TestClient(Starlette(routes=[Mount("/guide", Guide(tmp_path / "none"))]))
    assert "Install zensical" in client.get("/guide/").text
    assert start_building(Guide(tmp_path)) == "the documentation"


def test_command_does_not_overwrite_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so in one line."""
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@needs_tools
def test_command_without_a_folder_prints_where_the_demo_has_the_site(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site that is there is not built again."""
    assert main([]) == 0
    assert capsys.readouterr().out == f"{site}/index.html\n"
