"""The connection of a command and its token, read from where other users of the machine do not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.command import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from harvest_duck.sandbox import Sandbox


def test_the_connection_and_its_token_are_read_from_elsewhere(sandbox: Sandbox, tmp_path: Path) -> None:
    whole = sandbox.connection_string()
    token = next(part.partition("=")[2] for part in whole.split(";") if part.startswith("APIKey="))
    rest = ";".join(part for part in whole.split(";") if not part.startswith("APIKey="))
    (tmp_path / "token").write_text(f"{token}\n")
    count = ["query", "SELECT count(*) > 0 AS some FROM harvest.clients", "--format", "csv"]
    ended = run(*count, "-c", "-", "--token-file", "token", cwd=tmp_path, stdin=rest.encode())
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "some\ntrue\n", "")
    # A query takes them by the same options, and opens a database besides.
    for arguments, stdin in [
        (["-c", "-"], f"{whole}\nmore"),
        (["-c", "-"], whole),
        (["--token-file", "token", "-c", rest], ""),
        (["-c", rest, "--token-file", "-"], token),
    ]:
        ended = run("whoami", "--format", "csv", *arguments, cwd=tmp_path, stdin=stdin.encode())
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "Ada Moreau" in ended.stdout
    both = run(*count, "-c", "-", "--token-file", "-", stdin=rest.encode())
    assert "Standard input cannot be both the connection string and the token" in both.stderr
    twice = run(*count, "-c", whole, "--token-file", "token", cwd=tmp_path)
    assert "The connection string has a token, and --token-file gives another" in twice.stderr
    (tmp_path / "token").write_text("one two")
    wrong = run(*count, "-c", rest, "--token-file", "token", cwd=tmp_path)
    assert wrong.stderr == "harvest-duck: token: it has to hold the token, alone and on one line\n"


def test_a_connection_is_added_with_the_token_of_a_file(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    properties = dict(part.split("=", 1) for part in sandbox.connection_string().split(";"))
    (tmp_path / "token").write_text(properties.pop("APIKey"))
    rest = ";".join(f"{name}={value}" for name, value in properties.items())
    added = run("connections", "add", "acme", "-c", rest, "--token-file", str(tmp_path / "token"))
    assert added.returncode == 0, added.stderr
    assert run("connections", "test", "acme").returncode == 0
