"""The examples of the page about SQLAlchemy run one after the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from support.asked import asked
from support.clients import cells, client
from support.paths import DOCS

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

PAGE = (DOCS / "sqlalchemy.md").read_text("utf-8")
#: What makes an engine that asks nobody.
NOT_RUN = re.compile(r"<!-- not run: [^\n]*-->\n```python\n.*?```", re.DOTALL)


def test_every_example_runs(connection: str, sandbox: Sandbox) -> None:
    for module in ("sqlalchemy", "pandas"):
        client(module)
    sandbox_url = f'"harvest://", connect_args={{"connection": {connection!r}}}'
    examples = [each.replace('"harvest://sandbox"', sandbox_url) for each in cells(NOT_RUN.sub("", PAGE), connection)]
    names: dict[str, Any] = {}
    sent = []
    for example in examples:
        exec(example, names)  # noqa: S102 - the examples of the page
        sent.append(asked(sandbox))
        sandbox.clear_log()
    names["engine"].dispose()
    assert sent[0] == ["/time_entries?is_billed=false&from=2026-11-01"]
    # The table of clients, and the query of November's hours again.
    assert sent[2] == ["/clients", sent[0][0]]
    assert sent[4] == ["/clients"]
    assert len(names["clients"]) == len(names["names"])
    assert len(names["november"]) == len(names["rows"]) > 0
    assert names["weeks"]
    assert names["projects"]
    # Projects, and their clients at once.
    assert set(sent[3]) == {"/projects?is_active=true", "/clients"}
    # What the page tells about writing is what the dialect says.
    assert "harvest:// only reads, and CREATE is refused" in PAGE
