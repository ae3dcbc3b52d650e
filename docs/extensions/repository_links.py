"""What the pages of the repository become on the site.

Links that lead out of docs/ lead to the page of the site with that text, or become the path as text. The pages in a
folder stand below the page of the folder's name.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import normpath, relpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)")
_DOCS = Path(__file__).parent.parent
#: The files at the top of the repository that the site has as pages.
_PAGES = {
    "README.md": "index",
    "SECURITY.md": "security",
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
}
#: The pages whose text is that of a file at the top. In the repository they only lead there.
_TEXTS = {page: file for file, page in _PAGES.items() if page != "index"}
_BELOW = """
```{{toctree}}
:hidden:
:glob:
{folder}/*
```
"""


def rewritten(text: str, folder: str) -> str:
    """Return the text of a file in `folder` of the repository, with its links as the site has them."""

    def link(found: re.Match[str]) -> str:
        path = normpath(f"{folder}/{found['path']}")
        anchor = found["anchor"] or ""
        if path in _PAGES:
            target, anchor = f"docs/{_PAGES[path]}.md", "" if path == "README.md" else anchor
        elif path.startswith("docs/"):
            target = path
        else:
            return found["text"] if path in found["text"] else f"{found['text']} (`{path}`)"
        here = folder if folder.startswith("docs") else "docs"
        return f"[{found['text']}]({relpath(target, here)}{anchor})"

    return _outside_code(text, lambda prose: _LINK.sub(link, prose))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return the text with everything changed but its fenced blocks."""
    parts = re.split(r"(^ *```.*?^ *```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.lstrip().startswith("```") else change(part) for part in parts)


def _read(_: Sphinx, page: str, source: list[str]) -> None:
    """Put the text of the site in the place of that of the repository."""
    if page in _TEXTS:
        source[0] = rewritten((_DOCS.parent / _TEXTS[page]).read_text(encoding="utf-8"), ".")
    else:
        source[0] = rewritten(source[0], normpath(f"docs/{page}/.."))
    if (_DOCS / page).is_dir():
        source[0] += _BELOW.format(folder=Path(page).name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it to Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
