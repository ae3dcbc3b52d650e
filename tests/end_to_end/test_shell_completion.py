"""What Tab offers at the prompt of `harvest-duck shell`; `|` marks the cursor."""

from __future__ import annotations

import pytest

prompt_toolkit = pytest.importorskip("prompt_toolkit")
from prompt_toolkit.completion import CompleteEvent  # noqa: E402
from prompt_toolkit.document import Document  # noqa: E402

from harvest_duck.cli.shell.completion import SqlCompleter, completions  # noqa: E402
from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term  # noqa: E402

NAMES = Names(
    schemas=(
        Schema("harvest", "main", (Relation("clients", "who is billed"),)),
        Schema("memory", "main", (Relation("used\x1b[2J", "how full?", (), (Term("from_date", "DATE"),)),)),
    ),
    database="memory",
    path=(("memory", "main"), ("harvest", "main")),
    connections=("acme", "sandbox"),
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (".de|", [".describe "]),
        (".Q|", [".quit"]),
        ("  .m|", [".mode "]),
        (".describe cl|", ["clients"]),
        (".describe harvest.|", ["clients"]),
        (".describe u|", ['"used\x1b[2J"']),
        (".tables cl|", ["clients"]),
        (".connect dsn=a|", ["DSN=acme"]),
        (".explain FROM harvest.cl|", ["clients"]),
        (".mode js|", ["json"]),
        (".mode par|", []),
        (".timer o|", ["on", "off"]),
        (".quit |", []),
        (".sync |", []),
        (".nothing x|", []),
        ("FROM harvest.cl|", ["clients"]),
        ("SELECT 1;\n.mo|", []),
    ],
)
def test_dot_commands_are_completed_with_what_stands_behind_them(typed: str, expected: list[str]) -> None:
    before, _, after = typed.partition("|")
    assert [each.text for each in completions(before, after, NAMES)] == expected


def test_the_names_are_read_at_the_first_tab_after_a_statement_and_shown_without_harm() -> None:
    read: list[int] = []

    def read_names() -> Names | None:
        read.append(1)
        return None if len(read) == 1 else NAMES

    completer = SqlCompleter(read_names)

    def offered(text: str) -> list[tuple[str, int, str, str]]:
        found = completer.get_completions(Document(text), CompleteEvent())
        return [(each.text, each.start_position, each.display_text, each.display_meta_text) for each in found]

    assert offered("FROM harvest.c") == []
    assert offered("FROM harvest.c") == [("clients", -1, "clients", "who is billed")]
    assert offered("FROM u") == [('"used\x1b[2J"(', -1, "used␛[2J(from_date)", "how full?")]
    assert len(read) == 2
    completer.forget()
    offered("FROM harvest.c")
    assert len(read) == 3
