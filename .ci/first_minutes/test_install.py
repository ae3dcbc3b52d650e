"""What is there after `pip install`: the command, its version and help, and a type marker; no test and no tool."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from installed import CLEAN, PATIENCE_S, PYTHON, cells, on_terminal, run

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ["accounts", "connections", "demo", "describe", "doctor", "export", "login", "logout", "query", "report",
            "sandbox", "tables", "whoami"]  # fmt: skip


def python(code: str, cwd: Path) -> str:
    """What a program prints in the environment of the wheel."""
    ended = subprocess.run(
        [PYTHON, "-W", "error", "-c", code],
        cwd=cwd,
        env=CLEAN,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.strip()


def test_the_package_comes_from_the_wheel_alone(folder: Path) -> None:
    where, tools = python(
        "import harvest_duck, importlib.util as u; print(harvest_duck.__file__);"
        "print([n for n in ('pytest', 'hypothesis', 'pandas', 'tests', 'keyring') if u.find_spec(n)])",
        folder,
    ).splitlines()
    assert "site-packages" in where
    assert tools == "[]"


def test_one_version_everywhere(folder: Path) -> None:
    of_package, of_metadata = python(
        "import harvest_duck, importlib.metadata as m; print(harvest_duck.__version__, m.version('harvest-duck'))",
        folder,
    ).split()
    said = run("--version", cwd=folder).stdout.decode()
    assert of_package == of_metadata
    assert said == f"harvest-duck, version {of_package}\n"


@pytest.mark.parametrize("command", ["", "query", "connections add"])
def test_help_fits_a_terminal_and_names_every_command(command: str, folder: Path) -> None:
    status, lines = on_terminal(*command.split(), "--help", cwd=folder, width=80)
    assert status == 0
    assert lines[0].startswith("Usage: harvest-duck")
    assert max(map(cells, lines)) <= 80
    assert command or all(any(line.split()[:1] == [each] for line in lines) for each in COMMANDS)


def test_a_command_that_does_not_exist_has_status_2(folder: Path) -> None:
    ended = run("qurey", cwd=folder)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"No such command 'qurey'" in ended.stderr
