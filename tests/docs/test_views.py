"""The page about ready views tells what their files tell, and its examples print what stands below them.

`UPDATE_README=1 pytest tests/docs/test_views.py` writes both anew. The example of a view stays as it is on the page.
"""

from __future__ import annotations

import re
from textwrap import fill
from typing import TYPE_CHECKING

import pytest
from support.examples import UPDATE, check_examples
from support.paths import DOCS

from harvest_duck.introspection.visibility import ACCESSES
from harvest_duck.views import load

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.views.view import View

PAGE = DOCS / "views.md"
WIDTH = 130
#: What a token gets of the views of each access.
GETS = {
    "account": ("everything", "refused", "refused"),
    "people": ("everyone", "themselves and their teammates", "refused"),
    "projects": ("every project", "the projects that they manage", "refused"),
    "rows": ("every row", "the rows that they may read", "the rows that they may read"),
}
SENTENCES = {
    "account": "Only a token of an administrator may ask it.",
    "people": "A manager gets themselves and their teammates; a member is refused.",
    "projects": "A manager gets the projects that they manage; a member is refused.",
    "rows": "Anyone gets what they may read.",
}


def table(*rows: tuple[str, ...]) -> str:
    """The rows as a table of Markdown, the first as its head."""
    head, *others = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *others]
    return "\n".join(f"| {' | '.join(line)} |".replace("| --- ", "|---").replace("|--- |", "|---|") for line in lines)


def section(view: View, types: dict[str, str], example: str) -> str:
    """The section of a view; `types` are those of its columns."""
    arguments = [(f"`{each.name}`", f"`{each.type}`", f"`{each.default}`", each.text) for each in view.arguments]
    columns = [(f"`{name}`", f"`{kind}`", view.columns.get(name, "")) for name, kind in types.items()]
    parts = [
        f"### `{view.name}`",
        view.question[0].upper() + view.question[1:],
        table(("argument", "type", "default", "meaning"), *arguments),
        fill(view.definition, WIDTH, break_long_words=False, break_on_hyphens=False),
        SENTENCES[view.access],
        table(("column", "type", "meaning"), *columns),
        example,
    ]
    return "\n\n".join(parts)


def example_on(page: str, view: View) -> str:
    """The example of a view on the page, or the usual one where there is none yet."""
    found = re.search(rf"### `{view.name}`\n.*?(```python\n.*?```\n\n```text\n.*?```)\n\n", page, re.DOTALL)
    if found is not None and "### " not in found[0][4:]:
        return found[1]
    days = {"from_date": "2026-10-01", "to_date": "2026-11-20", "as_of": "2026-11-20"}
    given = ", ".join(f"{each.name} := '{days[each.name]}'" for each in view.arguments if each.name in days)
    call = f'con.sql("FROM harvest.{view.name}({given}) ORDER BY ALL LIMIT 3").show(max_width=150)'
    return f"```python\n{call}\n```\n\n```text\n```"


def test_the_page_tells_what_the_files_tell(con: duckdb.DuckDBPyConnection) -> None:
    page = PAGE.read_text("utf-8")
    sections = []
    for view in load.views().values():
        described = con.execute(f"DESCRIBE FROM harvest.{view.name}()").fetchall()
        sections.append(section(view, {row[0]: row[1] for row in described}, example_on(page, view)))
    of_access = [
        (f"`{access}`", *GETS[access], ", ".join(f"`{v.name}`" for v in load.views().values() if v.access == access))
        for access in ACCESSES
    ]
    generated = {
        "access": table(("access", "an administrator gets", "a manager", "a member", "views"), *of_access),
        "views": "\n\n".join(sections) + "\n",
    }
    wanted = page
    for mark, text in generated.items():
        whole = f"<!-- {mark} -->\n{text}\n<!-- /{mark} -->"
        wanted = re.sub(rf"<!-- {mark} -->\n.*?<!-- /{mark} -->", lambda _, whole=whole: whole, wanted, flags=re.DOTALL)
    if UPDATE:
        PAGE.write_text(wanted, "utf-8")
    assert UPDATE or page == wanted


@pytest.mark.thorough
def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(PAGE, least=3 + len(load.views()))
