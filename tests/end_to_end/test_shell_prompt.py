"""The prompt of `harvest-duck shell` in this process: keys come from a pipe, and no terminal is needed."""

from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import pseudo_terminal
from support.command import Ended, ended_call, run

from harvest_duck.connection import PROPERTIES, secret_lines

prompt_toolkit = pytest.importorskip("prompt_toolkit")
from prompt_toolkit.application import create_app_session  # noqa: E402
from prompt_toolkit.input import create_pipe_input  # noqa: E402

from harvest_duck.cli.shell import account, dialogue, history  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox import Sandbox

ENTER, CTRL_C, CTRL_D, ALT_ENTER = "\r", "\x03", "\x04", "\x1b\r"
SECRET = "t0ken-that-nobody-may-see"
#: What stands for a secret property, as connection strings and SQL write it.
PROPERTY = st.sampled_from([name for name, entry in PROPERTIES.items() if entry.secret])
SPELLING = st.sampled_from([str, str.lower, str.upper, lambda name: f" {name[:3]} {name[3:]}\t"])
PLACE = st.sampled_from(
    [
        ".connect {}",
        ".connect DSN=acme; {} AS other",
        "FROM harvest_scan('time_entries', '{}');",
        "FROM harvest_scan('time_entries', 'AccountId=1;\n{}",
        "SELECT $${}$$;",
    ]
)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the history."""
    path = tmp_path / "state" / "history"
    monkeypatch.setenv(history.VARIABLE, str(path))
    return path


def typed(keys: str, connection: str) -> Ended:
    """What is shown to a person who types these keys."""

    def talked() -> int:
        with create_pipe_input() as pipe, create_app_session(input=pipe):
            pipe.send_text(keys)
            dialogue.run(connection, None)
        return 0

    return ended_call(talked)


def lines(path: Path) -> list[str]:
    """The lines that a history keeps."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.shows_secrets
def test_a_person_types_statements_and_dot_commands(kept: Path, connection: str, sandbox: Sandbox) -> None:
    keys = [
        f"SELECT ';{ENTER}' IS NULL AS a,{ALT_ENTER} count(*) AS b{ENTER}FROM harvest.clients;{ENTER}",
        f"FROM nothing;{ENTER}",
        f"half{CTRL_C}",
        f"SET VARIABLE day = 3;{ENTER}",
        f".mode csv{ENTER}",
        f"SELECT getvariable('day') AS d; SELECT 4 AS e;{ENTER}",
        f"SELECT 'APIKey=t0ken-that-nobody-may-see' IS NULL;{ENTER}",
        f"SELECT 'sandbox-admin-token' IS NULL;{ENTER}",
        CTRL_D,
    ]
    said = typed("".join(keys), connection)
    rows = [line for line in said.stdout.splitlines() if re.fullmatch(r"false +\d+|[\d]+|d|e|false", line)]
    assert rows[0].startswith("false ")
    assert rows[1:] == ["d", "3", "e", "4", "false", "false"]
    assert "Catalog Error: Table with name nothing does not exist!" in said.stderr
    assert "half" not in kept.read_text()
    assert lines(kept) == [
        "SELECT ';\n' IS NULL AS a,\n count(*) AS b\nFROM harvest.clients;",
        "FROM nothing;",
        "SET VARIABLE day = 3;",
        ".mode csv",
        "SELECT getvariable('day') AS d; SELECT 4 AS e;",
    ]
    assert len(sandbox.requests) == 1
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_session_goes_on_where_the_file_of_connections_is_broken_meanwhile(
    kept: Path, connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HARVEST_DUCK_CONNECTION", connection)
    broken = f"COPY (SELECT '[' AS a) TO '{tmp_path}/connections.toml' (FORMAT csv);"
    said = typed(f"{broken}{ENTER}SELECT 40 + 2 AS answer;{ENTER}{CTRL_D}", "")
    assert "42" in said.stdout, said
    assert said.returncode == 0
    assert len(lines(kept)) == 2


@given(PROPERTY, SPELLING, st.sampled_from(["{}", "'{}'", '"{}"', "{{{}}}", " ''{}''"]), PLACE)
def test_no_connection_string_with_a_secret_may_be_kept(
    name: str, spelled: Callable[[str], str], quoted: str, place: str
) -> None:
    string = f"{spelled(name)}={quoted.format(SECRET)}"
    line = place.format(string.replace("'", "''") if place.startswith("FROM") else string)
    assert secret_lines.may_hold_secret(line, [])


@pytest.mark.parametrize(
    "line",
    [
        "FROM harvest_scan('users', 'API' || 'Key' || '=' || 'abc');",
        "SELECT '1234567.pt.kdjfhgkjdfhgkjh';",
        "SELECT 'Authorization: Bearer abc';",
        "ATTACH 'postgres://ann:secret@db/x';",
        "ATTACH 'host=db password=secret' AS p (TYPE postgres);",
        "CREATE OR REPLACE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a');",
        "SET s3_secret_access_key = 'a';",
        "SET http_proxy_password TO 'a';",
        "SELECT 'the one that is known';",
    ],
)
def test_a_line_with_another_secret_is_not_kept(line: str) -> None:
    assert secret_lines.may_hold_secret(line, ["", "that is known"])


@pytest.mark.parametrize(
    "line",
    [
        ".connect DSN=acme AS other",
        "FROM harvest.clients WHERE statement_key = 'x';",
        "SELECT count(*) FROM harvest_scan('time_entries', 'DSN=acme;AccountId=1');",
        "SELECT key, value FROM t WHERE s = 'secret';",
        "FROM 'https://host/a@b.csv';",
    ],
)
def test_other_lines_are_kept(line: str) -> None:
    assert not secret_lines.may_hold_secret(line, ["", "a"])


def kept_by(path: Path | None, told: list[Exception]) -> history.PrivateHistory:
    """A history without secrets of its own."""
    return history.PrivateHistory(path, list, told.append)


def test_two_shells_keep_the_lines_of_both(kept: Path) -> None:
    told: list[Exception] = []
    one, two = kept_by(kept, told), kept_by(kept, told)
    for each, line in ((one, "a"), (two, "b\n\u2028c"), (one, "d")):
        each.store_string(line)
    assert [*kept_by(kept, told).load_history_strings()] == ["d", "b\n\u2028c", "a"]
    assert told == []


def test_the_oldest_lines_leave_a_history_that_grows(kept: Path) -> None:
    kept.parent.mkdir(mode=0o700)
    kept.write_text("".join(f'"{number}"\n' for number in range(2000)) + "no line of ours\n7\n")
    kept.chmod(0o600)
    kept_by(kept, []).store_string("new")
    assert [*kept_by(kept, []).load_history_strings()] == ["new", *map(str, range(1999, 0, -1))]
    kept_by(kept, []).store_string("é" * 83_000)
    assert len([*kept_by(kept, []).load_history_strings()]) < 400


def test_a_history_that_cannot_be_private_is_told_once_and_left_alone(kept: Path) -> None:
    told: list[Exception] = []
    kept.parent.mkdir(mode=0o700)
    kept.write_text('"old"\n')
    kept.chmod(0o644)
    history = kept_by(kept, told)
    assert [*history.load_history_strings()] == []
    history.store_string("new")
    assert [str(each) for each in told] == [f"{kept} is open to other users: chmod 600 {kept}"]
    assert kept.read_text() == '"old"\n'


def test_the_history_lies_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert history.history_file({history.VARIABLE: ""}) is None
    assert history.history_file({history.VARIABLE: "a/b"}) == Path("a/b")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    found = history.history_file({})
    assert found is not None
    assert found.name == "shell_history"
    assert sys.platform != "linux" or found.parent == tmp_path / "harvest_duck"
    kept_by(None, []).store_string("nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_without_the_extra_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    with pseudo_terminal.opened(80) as (_, terminal):
        ended = run("shell", connection="AccountId=1;APIKey=x", stdin=terminal)
    assert ended.returncode == 1
    told = "the prompt needs the extra 'shell': pip install 'harvest-duck[shell]', or pipe SQL in"
    assert ended.stderr == f"harvest-duck: {told}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_connection_that_cannot_be_used_is_told_before_the_prompt() -> None:
    with pseudo_terminal.opened(80) as (_, terminal):
        ended = run("shell", "--connection", "DSN=nothing", stdin=terminal)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("harvest-duck: connection string: DSN names no connection in ")


@pytest.mark.parametrize(
    ("connection", "environ", "name"),
    [
        ("", {}, "harvest"),
        ("DSN=acme;AccountId=2", {"HARVEST_DUCK_CONNECTION": "DSN=other"}, "acme"),
        ("AccountId=2;APIKey=x", {"HARVEST_DUCK_CONNECTION": "DSN=other"}, "2"),
        ("", {"HARVEST_DUCK_CONNECTION": "DSN=other", "HARVEST_ACCOUNT_ID": "3"}, "other"),
        ("MaxRows=3", {"HARVEST_ACCOUNT_ID": "3"}, "3"),
        ("DSN='a\u202eb'", {}, "a\ufffdb"),
        (f"DSN={'long' * 20}", {}, f"{'long' * 6}…"),
    ],
)
def test_the_prompt_has_the_name_of_the_account(connection: str, environ: dict[str, str], name: str) -> None:
    assert account.name_of(connection, environ) == name


def test_the_prompt_names_the_default_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "connections.toml").write_text("[Default]\nAccountId = 4\nAPIKey = 'a-secret-of-the-file'\n")
    (tmp_path / "connections.toml").chmod(0o600)
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    assert account.name_of("") == "default"
    assert "a-secret-of-the-file" in account.secrets_of("")
