"""The report of the made-up agency, as a page of the site: made when the site is built."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harvest_duck

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: The day that the pictures of the report look from too.
_DAY = "2026-11-20"


def _write(app: Sphinx, failure: Exception | None) -> None:
    """Write the page beside the others."""
    # Sphinx shows what any logger says.
    logging.getLogger("harvest_duck").setLevel(logging.WARNING)
    if failure is None and app.builder.format == "html":
        page = harvest_duck.report(harvest_duck.connect("DSN=sandbox"), as_of=_DAY)
        (Path(app.outdir) / "example-report.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it to Sphinx."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}
