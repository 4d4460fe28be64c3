"""The papers of the house: links lead somewhere, the README stays short, every page is in the site's list."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench import __version__

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
README_LINES = 170
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|\bsrc=\"([^\"]+)\"")
_RUN = re.compile(r"`((?:workbench|tests|assets|bench|recipes|docs|\.ci)/[\w./-]+)`")  # files that are named in passing


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def links(page: Path) -> Iterator[tuple[str, str]]:
    """File and anchor of each relative link; the file is "" for the page itself."""
    for found in _LINK.finditer(_CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))):
        target = found[1] or found[2]
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            yield file, anchor


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in a link, by GitHub and by MkDocs alike."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for file, anchor in links(page):
        target = (page.parent / file).resolve() if file else page
        assert target.is_file(), f"{file} is not there"
        assert target.is_relative_to(ROOT.resolve()), f"{file} leads out of the repository"
        assert not anchor or anchor in anchors(target), f"{file} has no heading for #{anchor}"
        if page.is_relative_to(DOCS):
            assert target.is_relative_to(DOCS.resolve()), f"{file} would be missing on the site"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_named_in_passing_are_there(page: Path) -> None:
    missing = [name for name in _RUN.findall(page.read_text(encoding="utf-8")) if not (ROOT / name).exists()]
    assert [name for name in missing if "NAME" not in name] == []


def commands(page: Path) -> list[str]:
    """The lines of a page that are there to be run: those of its bash blocks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_name_files_that_are_there_or_that_they_write(page: Path) -> None:
    written: set[str] = set()
    for line in commands(page):
        words = shlex.split(line, comments=True)
        if "workbench" in line:
            files = [w for w in words[1:] if re.search(r"^[^:]+/|\.(zip|jsonl?|csv|wav|m4a|flac|txt|html)$", w)]
            outs = {words[i + 1] for i, w in enumerate(words[:-1]) if w == "--out"}
            missing = [f for f in files if f not in written | outs and not list(ROOT.glob(f.lstrip("/")))]
            assert missing == [], f"{line}: these are not there; write YOUR-FILE in a block that is not to be run"
            written |= outs


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page: it's one\n[a](b.md#c) `[not](one.md)` [d](https://e.org)\n```\n[nor](this.md)\n```\n")
    assert list(links(page)) == [("b.md", "c")]
    assert anchors(page) == {"a-page-its-one"}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_the_site_lists_every_page() -> None:
    listed = re.findall(
        r"^ +- (?:\w+: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## [{__version__}] — 20" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_comments_name_sections_of_the_recipes_that_are_there() -> None:
    titles = set(re.findall(r"^## (.+)$", (DOCS / "recipes.md").read_text(encoding="utf-8"), re.MULTILINE))
    cited = {
        title
        for file in (ROOT / "workbench").rglob("*.py")
        for title in re.findall(r'docs/recipes\.md,\s+"([^"]+)"', file.read_text(encoding="utf-8"))
    }
    assert cited
    assert cited <= titles
