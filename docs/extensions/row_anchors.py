"""An anchor for each row of a table that begins with code: a column, a property, an option, such as `#account_id`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def _anchor(_: Sphinx, page: nodes.document) -> None:
    """Name each row after the code in its first cell, where no heading and no earlier row has that name."""
    taken = set(page.ids)
    for row in page.findall(nodes.row):
        cell = row.next_node(nodes.entry)
        code = cell.next_node(nodes.literal) if cell is not None else None
        if code is None or not cell.astext().startswith(code.astext()):
            continue
        name = re.split(r"[ (]", code.astext().lstrip("-"))[0]
        if name and name not in taken:
            taken.add(name)
            row["ids"].append(name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it to Sphinx."""
    app.connect("doctree-read", _anchor)
    return {"parallel_read_safe": True}
