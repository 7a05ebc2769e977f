"""What mkdocs asks for while it builds the site: the README and the changelog as pages, and links out of docs/.

Links in the Markdown are right where it lies; on the site there are no source files, so that a link to one becomes
its path.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent
# Pages of the site that lie outside of docs/.
OUTSIDE = {"README.md": "readme.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"\[([^\]\[]*)\]\(([^)\s:#]*)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside of docs/."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Have each link lead to a page of the site, or say which file it means."""
    sources = {name: source for source, name in OUTSIDE.items()}
    source = PurePosixPath(sources.get(page.file.src_uri, f"docs/{page.file.src_uri}"))
    return relinked(markdown, source, PurePosixPath(page.file.src_uri))


def relinked(markdown: str, source: PurePosixPath, page: PurePosixPath) -> str:
    """Rewrite the links of a file of the tree for the page that shows it; both as paths from their roots."""

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        if not target:
            return found[0]
        named = _joined(source.parent, target)
        if named in OUTSIDE:
            shown = OUTSIDE[named]
        elif named.startswith("docs/"):
            shown = named.removeprefix("docs/")
        else:
            return f"`{named}`" if text.strip("`") == named else f"{text} (`{named}`)"
        return f"[{text}]({'../' * (len(page.parts) - 1)}{shown}{anchor})"

    return _LINK.sub(link, markdown)


def _joined(folder: PurePosixPath, target: str) -> str:
    parts = list(folder.parts)
    for part in PurePosixPath(target).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
