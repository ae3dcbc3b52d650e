"""What is offered where the cursor stands, which `|` marks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.introspection.sql_completion import complete
from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term

CLIENTS = Relation("clients", "who is billed", (Term("id", "BIGINT"), Term("name", "VARCHAR", "its name")))
PROJECTS = Relation("projects", "what is done", (Term("id", "BIGINT"), Term("client_id", "BIGINT")))
USED = Relation(
    "utilization",
    "how full?",
    (Term("week"), Term("hours")),
    (Term("from_date", "DATE", "first day"), Term("to_date", "DATE", "last day"), Term("people", "VARCHAR[]")),
)
MINE = Relation("My notes", "", (Term("Text", "VARCHAR"), Term("select", "INTEGER")))
FUNCTIONS = (
    Relation("harvest_scan", "a table", (), (Term("tbl"), Term("conn"))),
    Relation("harvest_requests", "those sent", (Term("status"),), ()),
)
NAMES = Names(
    schemas=(
        Schema("harvest", "main", (CLIENTS, PROJECTS, USED)),
        Schema("europe", "main", (CLIENTS,)),
        Schema("memory", "main", (MINE,)),
        Schema("memory", "stage", (PROJECTS,)),
        Schema("temp", "main", FUNCTIONS),
    ),
    database="memory",
    path=(("temp", "main"), ("memory", "main"), ("harvest", "main")),
    functions=(Term("sum", "sum(arg)", "adds"), Term("current_date", "current_date()")),
    table_functions=(Term("read_csv", f"read_csv({', '.join(['path'] * 40)})"),),
    keywords=("from", "group", "hours", "people", "select", "where"),
    reserved=frozenset({"from", "group", "select", "where"}),
    connections=("acme", "sandbox"),
)


def texts(sql: str) -> list[str]:
    """The texts that are offered at the mark."""
    before, _, after = sql.partition("|")
    return [each.text for each in complete(before, after, NAMES)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # Names behind a dot, in any case and quoted.
        ("FROM harvest.ut|", ["utilization("]),
        ("FROM harvest.|", ["clients", "projects", "utilization("]),
        ("from HARVEST.Cl|", ["clients"]),
        ('FROM "harvest"."cl|', ['"clients"']),
        ("FROM harvest.main.|", ["clients", "projects", "utilization("]),
        ("SELECT 1; FROM europe.|", ["clients"]),
        ("FROM memory.|", ["stage.", '"My notes"']),
        ("FROM stage.|", ["projects"]),
        ("FROM nowhere.|", []),
        # Whatever may stand behind FROM.
        ("FROM e|", ["europe."]),
        ("FROM harvest.clients JOIN pro|", ["projects"]),
        ("FROM harvest.clients c, har|", ["harvest.", "harvest_requests()", "harvest_scan('"]),
        ("WITH latest AS (SELECT 1), older AS MATERIALIZED (SELECT 2) FROM l|", ["latest"]),
        ("FROM my|", ['"My notes"']),
        ("FROM read|", ["read_csv("]),
        ("DESCRIBE harvest.pr|", ["projects"]),
        # Arguments of a view.
        ("FROM harvest.utilization(|)", ["from_date := ", "to_date := ", "people := "]),
        ("FROM harvest.utilization(p|)", ["people := ", "people"]),
        ("FROM utilization('2026-01-01', |)", ["to_date := ", "people := "]),
        ("FROM utilization(to_date := today(), |, people := ['a'])", ["from_date := "]),
        ("FROM utilization(to_date := |)", []),
        ("FROM harvest_scan('clients', |)", ["conn := "]),
        # Columns of what the statement reads, before or behind the cursor.
        ("SELECT | FROM harvest.clients", ["id", "name", "clients."]),
        ("SELECT c.| FROM harvest.clients c", ["id", "name"]),
        ("FROM harvest.clients AS c JOIN harvest.projects p ON p.cl|", ["client_id"]),
        ("FROM harvest.clients SELECT n|", ["name"]),
        ("SELECT harvest.clients.n| FROM harvest.clients", ["name"]),
        ("SELECT n| FROM harvest_scan('CLIENTS', 'DSN=acme')", ["name"]),
        ("FROM harvest.utilization() WHERE h|", ["hours"]),
        ("SELECT s| FROM harvest_requests()", ["status", "sum(", "select"]),
        ('SELECT "T| FROM "My notes"', ['"Text"']),
        ('SELECT s| FROM "My notes"', ['"select"', "sum(", "select"]),
        ("SELECT (SELECT n| FROM clients)", ["name"]),
        # Words.
        (
            "|",
            ["FROM", "SELECT", "WITH", "DESCRIBE", "SUMMARIZE", "CREATE", "INSERT", "COPY", "SET", "ATTACH", "EXPLAIN"],
        ),
        ("se|", ["select", "set"]),
        ("FROM harvest.clients W|", ["WHERE"]),
        ("SELECT cur|", ["current_date"]),
        ("SELECT 1 |", []),
        # Text in quotes.
        ("FROM harvest_scan('cli|", ["clients'"]),
        ("FROM harvest_scan('cli|')", ["clients"]),
        ("FROM harvest_report('time_t|", ["time_tasks'", "time_team'"]),
        ("FROM harvest_scan('clients', '|a", ["DSN=acme", "DSN=sandbox", "AccountId="]),
        ("FROM harvest_scan('clients', conn := 'dsn=a|')", ["DSN=acme"]),
        ("FROM harvest_access('DSN=acme;MaxR|')", ["MaxRows="]),
        ("SELECT 'dsn=s|", ["DSN=sandbox"]),
        ("SELECT 'har|", []),
        ("FROM harvest_explain($$ FROM harvest.cl|$$)", ["clients"]),
        ("SELECT $$ it is sel|$$", ["select"]),
        # The rest of a word stands there already.
        ("FROM harvest.ut|ilization()", ["ut"]),
        ("FROM harvest.ut|()", ["utilization"]),
        ("FROM harvest.cl|s WHERE", ["client"]),
        ("SELECT na|mes FROM harvest.clients", ["name"]),
        # Where no name may stand.
        ("-- FROM har|", []),
        ("/* FROM har|", []),
        ("SELECT 12|", []),
        ("SELECT $na|", []),
        ('SELECT "name"|', []),
    ],
)
def test_the_completions_at_the_cursor(sql: str, expected: list[str]) -> None:
    found = texts(sql)
    # Of connection strings there are many more.
    assert (found[: len(expected)] if "AccountId=" in expected else found) == expected


def test_a_completion_says_what_it_replaces_and_what_it_means() -> None:
    found = complete("FROM harvest.ut", "", NAMES)[0]
    assert (found.replaced, found.display, found.meaning) == (2, "utilization(from_date, to_date, people)", "how full?")
    assert complete("FROM harvest.utilization(", "", NAMES)[0].meaning == "DATE: first day"
    assert complete("FROM read", "", NAMES)[0].display.endswith("…")


PIECES = [
    *("FROM", "JOIN", "SELECT", "WHERE", "WITH", "AS", "harvest", "clients", "utilization", "harvest_scan", "c", "My"),
    *(
        ".",
        ",",
        "(",
        ")",
        ";",
        ":=",
        "'",
        '"',
        "$$",
        "--",
        "\n",
        " ",
        "1",
        "=",
        "[",
        "\\",
        "é",
        "DSN=",
        "/*",
        "''",
        '""',
    ),
]
written = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.lists(
    st.sampled_from(PIECES), max_size=12
).map(" ".join)


@settings(deadline=None)
@given(written | st.text(), written | st.text())
def test_anything_may_stand_around_the_cursor(before: str, after: str) -> None:
    """A completion takes the place of what is typed of it, and of nothing else."""
    for each in complete(before, after, NAMES):
        typed = before[len(before) - each.replaced :]
        whole = each.text + after
        assert 0 <= each.replaced <= len(before)
        assert whole.replace('"', "").lower().startswith(typed.replace('"', "").lower())
