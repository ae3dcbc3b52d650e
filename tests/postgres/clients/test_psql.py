"""psql: its commands that describe, COPY, and the statements that people write at its prompt."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.real_postgres import program
from support.same_tables import select
from support.told_apart import hold
from support.written_differences import PSQL, hold_but

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from support.postgres_address import Address

    from harvest_duck.sandbox import Sandbox

#: Commands that describe, each of which asks pg_catalog.
_DESCRIBE = [
    r"\d",
    r"\d+",
    r"\d clients",
    r"\d+ clients",
    r"\d+ time_entries",
    r"\d harvest.e*",
    r"\d utilization",
    r"\d+ utilization",
    r"\dt",
    r"\dt+",
    r"\dt harvest.*",
    r"\dt *.nothing",
    r"\dv",
    r"\dv+",
    r"\dm",
    r"\di",
    r"\di+ harvest.*",
    r"\ds",
    r"\df",
    r"\df+ utilization",
    r"\df harvest.*",
    r"\da harvest.*",
    r"\dn",
    r"\dn+",
    r"\du",
    r"\dg+",
    r"\dT",
    r"\dT harvest.*",
    r"\dD",
    r"\dO harvest.*",
    r"\dd clients",
    r"\dp",
    r"\z clients",
    r"\ddp",
    r"\dx",
    r"\dy",
    r"\des",
    r"\dew",
    r"\det",
    r"\dRp",
    r"\dRs",
    r"\dP",
    r"\dL",
    r"\dF",
    r"\do harvest.*",
    r"\dc harvest.*",
    r"\dC int2",
    r"\db",
    r"\drds",
    r"\dX",
    r"\dconfig search_path",
    r"\sf harvest.utilization",
    r"\sv utilization",
    r"\lo_list",
]
#: What people write at the prompt.
_PROMPT = [
    r"SELECT id, name, address FROM clients ORDER BY id LIMIT 3;",
    r"\x" + "\nSELECT * FROM projects ORDER BY id LIMIT 1;",
    r"SELECT id, spent_date, hours, billable FROM time_entries ORDER BY id LIMIT 5 \gdesc",
    r"SELECT * FROM projects \gdesc",
    r"SELECT billable, is_running, count(*) AS n FROM time_entries GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview",
    "\\set FETCH_COUNT 10\nSELECT id FROM time_entries ORDER BY id;",
    "\\pset format csv\nSELECT * FROM clients ORDER BY id;",
    "\\pset format html\nSELECT name FROM clients ORDER BY id;",
    "\\pset null '(null)'\nSELECT id, notes FROM time_entries ORDER BY id LIMIT 20;",
    "SELECT 1 AS one; SELECT 2 AS two;",
    "SELECT 1 AS one \\; SELECT 2 AS two;",
    "BEGIN;\nSELECT nothing;\nSELECT 1;\nROLLBACK;\nSELECT 1 AS after;",
    "BEGIN;\nSAVEPOINT s;\nSELECT nothing;\nROLLBACK TO s;\nSELECT 1 AS after;\nCOMMIT;",
    "SET TimeZone = 'America/New_York';\nSELECT id, updated_at FROM clients ORDER BY id;\nSHOW TimeZone;",
    "PREPARE one (bigint) AS SELECT name FROM clients WHERE id > $1 ORDER BY id;\nEXECUTE one(5);\nDEALLOCATE one;",
    "BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM clients ORDER BY id;\nFETCH 2 FROM c;\nFETCH ALL c;\nCLOSE c;\nEND;",
    "COPY (SELECT * FROM clients ORDER BY id) TO STDOUT;",
    "COPY (SELECT * FROM projects ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE *);",
    "COPY (SELECT id, notes FROM time_entries ORDER BY id) TO STDOUT (DELIMITER ';', NULL 'none');",
    r"\copy (SELECT id, name FROM clients ORDER BY id) TO STDOUT CSV HEADER",
    r"\encoding",
    r"\echo :SERVER_VERSION_NAME :DBNAME :USER :ENCODING",
    "SELECT current_database(), current_schema, current_user, session_user, pg_backend_pid() > 0 AS has_pid;",
    "SELECT count(*), sum(hours), min(spent_date), max(spent_date), avg(hours) > 0 FROM time_entries;",
    r"SELECT format('SELECT 1 FROM %I', table_name) FROM information_schema.tables WHERE table_name ~ '^clie'\gexec",
    "ROLLBACK;\nCOMMIT;",
    "SHOW server_version_num;\nSHOW search_path;\nSHOW client_encoding;\nSHOW standard_conforming_strings;",
    "SHOW no_such_setting;\nSET no_such_setting = 1;\nRESET ALL;\nDISCARD ALL;",
    "INSERT INTO clients (id) VALUES (1);",
    "SELECT name FROM clents;",
    "SELECT nam FROM clients;",
    "SELECT 'é🚀' || chr(10) || 'x' AS long, repeat('abc', 5) AS r, ''::text AS empty, NULL AS nothing;",
]


def printed(address: Address, commands: list[str]) -> dict[str, list[str]]:
    """Return what psql prints for each of several scripts, all in one session each of which starts anew."""
    separator = "-- this is where the next begins --"
    reset = "\\pset format aligned\n\\pset null ''\n\\x off\n\\unset FETCH_COUNT\nRESET ALL;"
    script = "".join(
        f"\\o /dev/null\n{reset}\n\\o\n\\echo '{separator}'\n\\warn '{separator}'\n{one}\n" for one in commands
    )
    command = [program("psql"), "--no-psqlrc", "-v", "VERBOSITY=terse", "-v", "SHOW_CONTEXT=never", address.libpq]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, timeout=PATIENCE_S, check=False, encoding="utf-8"
    )
    told = done.stdout.split(separator + "\n")[1:], done.stderr.split(separator + "\n")[1:]
    return {
        one: [*out.splitlines(), *(f"stderr: {line}" for line in error.splitlines())]
        for one, out, error in zip(commands, *told, strict=True)
    }


def described(address: Address) -> dict[str, list[str]]:
    """Return what the commands that describe print, without the sizes of files and how wide columns are for them."""
    told = printed(address, _DESCRIBE)
    return {
        command: [re.sub(r"[ -]+", " ", re.sub(r"\b\d+ (bytes|kB)", "size", line)) for line in lines]
        for command, lines in told.items()
    }


def test_commands_describe_what_they_describe_in_postgresql(ours: Address, theirs: Address) -> None:
    hold(described(ours), described(theirs))


def test_what_people_write_at_the_prompt(ours: Address, theirs: Address) -> None:
    hold_but(PSQL, printed(ours, _PROMPT), printed(theirs, _PROMPT))


@pytest.mark.parametrize("form", ["text", "csv", "binary"])
def test_every_table_is_copied_alike(ours: Address, theirs: Address, form: str) -> None:
    queries = [f"COPY ({select(name)}) TO STDOUT (FORMAT {form})" for name in TABLES]

    def copied(address: Address) -> dict[str, list[str]]:
        separator = b"-- next --\n"
        script = "".join(f"{query};\n\\echo '-- next --'\n" for query in queries)
        command = [program("psql"), "--no-psqlrc", "--quiet", address.libpq]
        done = subprocess.run(command, input=script.encode(), capture_output=True, timeout=PATIENCE_S, check=False)
        assert not done.stderr, done.stderr
        texts = done.stdout.split(separator)[:-1]
        if form == "binary":  # rows in an order of their own: as many bytes, and the same ones
            return {name: [str(len(each)), repr(sorted(each))] for name, each in zip(TABLES, texts, strict=True)}
        return {name: sorted(each.decode().splitlines()) for name, each in zip(TABLES, texts, strict=True)}

    hold(copied(ours), copied(theirs))


def test_ctrl_c_ends_the_requests_and_the_session_goes_on(ours: Address, account: Sandbox) -> None:
    command = [program("psql"), "--no-psqlrc", "-At", ours.of("live").libpq]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with held(account) as waiting, subprocess.Popen(command, text=True, **pipes) as psql:
        psql.stdin.write("SELECT sum(hours) FROM time_entries;\n")
        psql.stdin.flush()
        assert waiting.arrived.wait(PATIENCE_S)
        psql.send_signal(signal.SIGINT)
        assert waiting.all_gone()
        waiting.let_go()
        # psql that reads a file ends at Ctrl-C; the prompt would go on.
        _, error = psql.communicate(timeout=PATIENCE_S)
    assert "canceling statement due to user request" in error


def test_a_client_that_is_killed_ends_the_requests(ours: Address, account: Sandbox) -> None:
    command = [
        program("psql"),
        "--no-psqlrc",
        "-At",
        "-c",
        "SELECT sum(hours) FROM time_entries",
        ours.of("live").libpq,
    ]
    with held(account) as waiting, subprocess.Popen(command, env=dict(os.environ)) as psql:
        assert waiting.arrived.wait(PATIENCE_S)
        psql.kill()
        assert waiting.all_gone()
