"""What Sphinx 9 and Furo write so that a keyboard or a screen reader cannot follow it, in the form in which they can.

The tests of the site look for what is left, by the rules of axe.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: What is written, and what takes its place.
_CHANGES = {
    # A heading has a rank.
    r'role="heading">': 'role="heading" aria-level="2">',
    # Two areas beside the text, told apart.
    r'<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    r'<aside class="toc-drawer(?P<more>[^"]*)">': r'<aside class="toc-drawer\g<more>" aria-label="This page">',
    # What scrolls by itself can be reached with the keyboard.
    r"<pre>": '<pre tabindex="0">',
    r'(?P<begin><div class="table-wrapper[^"]*")>': r'\g<begin> tabindex="0">',
    # The head of a column that has none is no head.
    r'<th class="head"><p></p></th>': "<td></td>",
    # The parameters in a signature are no definitions without terms.
    r'<dl>(?P<parameters>\s*<dd><em class="sig-param">.*?)</dl>': r'<span class="parameters">\g<parameters></span>',
    r'<dd>(?P<parameter><em class="sig-param">.*?)</dd>': r'<span class="parameter">\g<parameter></span>',
}


def accessible(page: str) -> str:
    """Return the page with every change made."""
    for written, wanted in _CHANGES.items():
        page = re.sub(written, wanted, page, flags=re.DOTALL)
    return page


def _change(app: Sphinx, failure: Exception | None) -> None:
    """Change the pages that were written; the report is none of Sphinx's."""
    if failure is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            page.write_text(accessible(page.read_text("utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it to Sphinx, before the report is written."""
    app.connect("build-finished", _change, priority=400)
    return {"parallel_read_safe": True}
