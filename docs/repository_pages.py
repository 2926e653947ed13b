"""Pages of the site for documents outside docs/: model card, ARCHITECTURE.md, SECURITY.md and others.

MkDocs loads this module as a hook (``hooks`` in mkdocs.yml). Links are written as they work in the
repository; the hook turns those between a document outside docs/ and a page into links within the site.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

PAGES = {
    "explanation/model-card.md": "model/weights/MODEL_CARD.md",
    "explanation/architecture.md": "ARCHITECTURE.md",
    "explanation/security.md": "SECURITY.md",
    "reference/client.md": "client/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
"""The address of each page, and the document that it shows."""

_ADDRESSES = {document: address for address, document in PAGES.items()} | {"README.md": "index.md"}
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of documents outside docs/."""
    for address, document in PAGES.items():
        files.append(File.generated(config, address, content=(ROOT / document).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Return a page's text with its links as they work in the site."""
    address = page.file.src_uri
    folder = posixpath.dirname(PAGES.get(address, f"docs/{address}"))
    return _LINK.sub(lambda found: f"]({_in_site(found[1], address=address, folder=folder)})", markdown)


def _in_site(link: str, *, address: str, folder: str) -> str:
    """Return a link of the page at `address`, written in `folder`, as it works in the site."""
    path, mark, anchor = link.partition("#")
    if not path or re.match(r"[a-z]+:|/", link):
        return link
    target = posixpath.normpath(posixpath.join(folder, path))
    target = _ADDRESSES.get(target, target.removeprefix("docs/"))
    return posixpath.relpath(target, posixpath.dirname(address) or ".") + mark + anchor
