"""The docs as a site: whole, without dead links, and loading nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from deploy.site import relinked

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; any warning fails."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there_and_no_link_is_dead(site: Path) -> None:
    """What is written becomes a page, the README and the changelog too; a strict build finds no dead link or anchor."""
    wanted = {str(page.relative_to(ROOT / "docs").with_suffix(".html")) for page in (ROOT / "docs").rglob("*.md")}
    wanted = {name.replace("README.html", "index.html") for name in wanted} | {"readme.html", "changelog.html"}
    assert wanted <= {str(page.relative_to(site)) for page in site.rglob("*.html")}


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    """Who reads it on their own server tells nobody: scripts, styles and fonts are local."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img)[^>]*\ssrc="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="([^"]+)', text)
        assert loaded
        assert [one for one in loaded if "//" in one] == [], page


@pytest.mark.parametrize(
    ("markdown", "source", "page", "shown"),
    [
        ("[a](docs/x.md#y)", "README.md", "readme.md", "[a](x.md#y)"),
        ("[a](../README.md#b)", "docs/start.md", "start.md", "[a](readme.md#b)"),
        ("[a](../manners.md)", "docs/decisions/1.md", "decisions/1.md", "[a](../manners.md)"),
        ("[shared/x.py](../shared/x.py)", "docs/a.md", "a.md", "`shared/x.py`"),
        ("[rules](../deploy/a.yml)", "docs/a.md", "a.md", "rules (`deploy/a.yml`)"),
        ("[a](https://example.org/b) [c](#d)", "docs/a.md", "a.md", "[a](https://example.org/b) [c](#d)"),
    ],
)
def test_links_out_of_the_docs_lead_somewhere(markdown: str, source: str, page: str, shown: str) -> None:
    """A link is right in the tree, and on the site leads to a page or names its file."""
    assert relinked(markdown, PurePosixPath(source), PurePosixPath(page)) == shown
