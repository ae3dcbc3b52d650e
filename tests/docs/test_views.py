"""The pages about ready views tell what the files of views tell, with examples, requests and pictures of today.

`UPDATE_README=1 pytest tests/docs/test_views.py` writes all of it anew. What stands on the page of a view outside of
marks is written by hand, but for its question and the output of its query.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
from textwrap import fill
from typing import TYPE_CHECKING

import pytest
from support.examples import UPDATE, check_examples
from support.paths import DOCS

import harvest_duck
from harvest_duck.introspection.visibility import ACCESSES
from harvest_duck.views import load

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from harvest_duck.views.view import View

OVERVIEW = DOCS / "views.md"
PAGES = DOCS / "views"
WIDTH = 130
#: What a token gets of the views of each access.
GETS = {
    "account": ("everything", "refused", "refused"),
    "people": ("everyone", "themselves and their teammates", "refused"),
    "projects": ("every project", "the projects that they manage", "refused"),
    "rows": ("every row", "the rows that they may read", "the rows that they may read"),
}
SENTENCES = {
    "account": "An administrator. The token of a manager or a member is refused.",
    "people": "An administrator gets everyone. A manager gets themselves and their teammates. A member is refused.",
    "projects": "An administrator gets every project. A manager gets those that they manage. A member is refused.",
    "rows": "Anyone: each token gets the rows that it may read.",
}
#: Between the sentences of a definition.
SENTENCE = re.compile(r"(?<=[.?])\s+(?=[A-Za-z])")
QUERY = re.compile(r"(?P<code>```sql\n(?P<sql>[^`]*)```)\n\n```text\n[^`]*```")
#: The days of the call whose requests a page shows.
DAYS = {"from_date": "2026-01-01", "to_date": "2026-11-20", "as_of": "2026-11-20"}


def table(*rows: tuple[str, ...]) -> str:
    """The rows as a table of Markdown, the first as its head."""
    head, *others = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *others]
    return "\n".join(f"| {' | '.join(line)} |".replace("| --- ", "|---").replace("|--- |", "|---|") for line in lines)


def marked(page: str, mark: str, text: str) -> str:
    """The page with the text between a pair of marks."""
    whole = f"<!-- {mark} -->\n{text}\n<!-- /{mark} -->"
    written, count = re.subn(rf"<!-- {mark} -->\n.*?<!-- /{mark} -->", lambda _: whole, page, flags=re.DOTALL)
    assert count == 1, mark
    return written


def check(page: Path, wanted: str) -> None:
    """Compare a page with what it is to be, or write it anew."""
    if UPDATE:
        page.write_text(wanted, "utf-8")
    assert UPDATE or page.read_text("utf-8") == wanted


def question(view: View) -> str:
    """The question of a view as a sentence."""
    text = view.question[0].upper() + view.question[1:]
    return text if text.endswith("?") else f"{text}."


def facts(view: View, types: dict[str, str], picture: str) -> str:
    """What the file of a view tells, and the query of its picture; `types` are those of the columns."""
    arguments = [(f"`{each.name}`", f"`{each.type}`", f"`{each.default}`", each.text) for each in view.arguments]
    columns = [(f"`{name}`", f"`{kind}`", view.columns.get(name, "")) for name, kind in types.items()]
    linked = re.sub(r"https://[^\s)]+", r"<\g<0>>", view.definition)
    items = [
        fill(f"* {sentence}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for sentence in SENTENCE.split(linked)
    ]
    seen = "; `_internal.visible` is what the token sees" if "_internal.visible" in view.sql else ""
    file = f"[{view.name}.sql](../../harvest_duck/views/{view.name}.sql)"
    parts = [
        "## Arguments",
        table(("argument", "type", "default", "meaning"), *arguments),
        "## Columns",
        table(("column", "type", "meaning"), *columns),
        "## How it counts",
        "\n".join(items),
        "## Who may ask",
        f"{SENTENCES[view.access]} [Whose eyes](../views.md#whose-eyes) says why.",
        "## Its SQL",
        f"The arguments are parameters, and `harvest` is the account{seen}. The file is\n{file}.",
        f"<!-- not run: a test compares it with the file of the view -->\n```sql\n{view.sql}\n```",
        "The picture above shows the rows of this query:",
        f"<!-- not run: the test that draws the picture runs it -->\n```sql\n{picture.strip()}\n```",
    ]
    return "\n\n".join(parts)


def test_each_page_tells_what_the_file_of_its_view_tells(con: duckdb.DuckDBPyConnection) -> None:
    pictures = runpy.run_path(str(DOCS / "view_pictures.py"))["pictures"]()
    assert {page.stem for page in PAGES.glob("*.md")} == set(load.views()) == set(pictures)
    for view in load.views().values():
        page = PAGES / f"{view.name}.md"
        described = con.execute(f"DESCRIBE FROM harvest.{view.name}()").fetchall()
        wanted = page.read_text("utf-8")
        head = f"# {view.name}\n\n**{question(view)}**\n"
        wanted = re.sub(r"^# .*\n\n\*\*.*\*\*\n", lambda _, head=head: head, wanted)
        text = facts(view, {row[0]: row[1] for row in described}, pictures[view.name].sql)
        wanted = marked(wanted, "view", text)
        assert wanted.startswith(head)
        assert re.search(rf"!\[[^]]{{40,}}\]\(\.\./pictures/views/{view.name}\.svg\)", wanted)
        check(page, wanted)


def test_the_overview_lists_all_views() -> None:
    views = load.views().values()
    of_access = [
        (f"`{access}`", *GETS[access], ", ".join(f"`{view.name}`" for view in views if view.access == access))
        for access in ACCESSES
    ]
    listed = [(f"[`{view.name}`](views/{view.name}.md)", question(view)) for view in views]
    page = marked(
        OVERVIEW.read_text("utf-8"),
        "access",
        table(("access", "an administrator gets", "a manager", "a member", "views"), *of_access),
    )
    check(OVERVIEW, marked(page, "views", table(("view", "question"), *listed)))


@pytest.mark.thorough
def test_every_example_of_the_overview_prints_what_stands_below_it() -> None:
    check_examples(OVERVIEW, least=3)


@pytest.fixture(scope="module")
def cached() -> duckdb.DuckDBPyConnection:
    """A connection of the sandbox that reads each table once."""
    return harvest_duck.connect("DSN=sandbox;CacheLocation=:memory:")


@pytest.mark.thorough
def test_the_query_of_each_page_prints_what_stands_below_it(cached: duckdb.DuckDBPyConnection) -> None:
    def ran(block: re.Match[str]) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            cached.sql(block["sql"]).show(max_width=150)
        return f"{block['code']}\n\n```text\n{output.getvalue().rstrip()}\n```"

    for name in load.views():
        page = PAGES / f"{name}.md"
        wanted, count = QUERY.subn(ran, page.read_text("utf-8"))
        assert count
        check(page, wanted)


@pytest.mark.thorough
def test_each_page_tells_what_is_sent(con: duckdb.DuckDBPyConnection) -> None:
    for view in load.views().values():
        given = [f"{each.name} := '{DAYS[each.name]}'" for each in view.arguments if each.name in DAYS]
        call = f"harvest.{view.name}({', '.join(given)})"
        sent = con.execute(
            "SELECT table_name, request, requests, rate_limit FROM harvest_explain(?) "
            "WHERE requests > 0 AND table_name <> 'me' ORDER BY ALL",
            [f"FROM {call}"],
        ).fetchall()
        rows = [(f"`{name}`", f"`{request}`", f"{count}", limit) for name, request, count, limit in sent]
        page = PAGES / f"{view.name}.md"
        text = f"`{call}` sends to the sandbox:\n\n{table(('table', 'first request', 'requests', 'limit'), *rows)}"
        check(page, marked(page.read_text("utf-8"), "requests", text))


@pytest.mark.thorough
def test_the_pictures_are_drawn_of_what_the_views_answer(cached: duckdb.DuckDBPyConnection) -> None:
    script = runpy.run_path(str(DOCS / "view_pictures.py"))
    assert {file.stem for file in script["DIRECTORY"].iterdir()} == set(load.views())
    for name, picture in script["pictures"]().items():
        check(script["DIRECTORY"] / f"{name}.svg", script["drawn"](picture, cached))
