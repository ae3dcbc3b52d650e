"""Named connections: what is added reads back as the string it was, the rest of the file stays, no secret shows."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
import warnings
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck import connections
from harvest_duck.cli.connections import connections as command
from harvest_duck.connection import PROPERTIES, Kind, Support, render, resolve
from harvest_duck.connection.dsn import named_connections
from harvest_duck.connection.grammar import parse
from harvest_duck.connection.layers import canonical
from harvest_duck.connection.toml_edit import with_section, without_sections
from harvest_duck.connections import CheckedConnection, NamedConnection, add, check, listed, remove
from harvest_duck.errors import ConnectionStringError, HarvestDuckError, NotFound, Unauthorized
from harvest_duck.runtime import file_lock
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click.testing import Result

    from harvest_duck.connection.properties import Property
    from harvest_duck.sandbox import Sandbox

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and terminals are those of POSIX")

#: Every secret of these tests has this in it, and no message may.
SECRET = "1234567.pt.Hush"
BUILT_IN = NamedConnection("sandbox", str(MAIN_ID), "personal token", "built in")
FILE = """# My connections.

[acme] # the agency
# made in May
AccountId = 1   # of the agency
"API Key" = "x.Hush"

# Only for the reports.
[beta]
connection = "AccountId=2;APIKey=y.Hush"

[Gamma.nested]
x = 1
# The end.
"""


class Home:
    """The configuration directory that the environment names, with one file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "connections.toml"

    def write(self, text: str) -> None:
        """Put `text` into the file."""
        self.path.write_bytes(text.encode())
        self.path.chmod(0o600)

    @property
    def text(self) -> str:
        """What the file holds."""
        return self.path.read_bytes().decode()

    @property
    def names(self) -> list[str]:
        """The files there are, but for the lock."""
        return sorted(path.name for path in self.directory.iterdir() if path.suffix != ".lock")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config").mkdir(mode=0o700)
    return Home(tmp_path / "config")


def mode_of(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def refusal(call: Callable[[], object]) -> str:
    """The one line with which it is refused, without any secret."""
    with pytest.raises(ConnectionStringError) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "Hush" not in message
    return message


# Adding


def test_each_property_becomes_a_key(home: Home) -> None:
    inside = f"ProfileSettings='api key={SECRET};AccountId=123456'"
    text = rf"jdbc:api:Profile=C:\Harvest.apip;{inside};page size=100;Timeout=2.5"
    assert add("acme", text) == NamedConnection("acme", "123456", "personal token", str(home.path))
    assert home.text == (
        '[acme]\nProfile = "C:\\\\Harvest.apip"\nPagesize = 100\nTimeout = "2.5"\n'
        f'APIKey = "{SECRET}"\nAccountId = 123456\n'
    )
    assert home.names == ["connections.toml"]


@pytest.mark.parametrize(
    ("text", "account_id", "signs_in"),
    [
        ("AccountId=1;APIKey=x", "1", "personal token"),
        ("AccountId=1;OAuthAccessToken=x", "1", "OAuth"),
        ("AccountId=_your_account_id;AuthScheme=OAuth;APIKey=x", "_your_account_id", "OAuth"),
        ("AuthScheme=None;APIKey=;Timeout=1", None, "none"),
        ("AccountId= ;Timeout=1", None, "none"),
        ("AccountId=2 , 1,2;APIKey=x", "2,1", "personal token"),
        ("AccountId=*;APIKey=x", "*", "personal token"),
    ],
)
def test_what_is_told_of_a_connection(home: Home, text: str, account_id: str | None, signs_in: str) -> None:
    added = add("acme", text)
    assert added == NamedConnection("acme", account_id, signs_in, str(home.path))
    assert listed() == [added, BUILT_IN]


def test_the_rest_of_the_file_stays_byte_for_byte(home: Home) -> None:
    home.write(FILE)
    add("new", "AccountId=3")
    assert home.text == f"{FILE}\n[new]\nAccountId = 3\n"


@pytest.mark.parametrize(
    ("before", "gap"),
    [("", ""), ("# a\n", "\n"), ("# a", "\n\n"), ("# a\n\n", ""), ("[b]\r\n", "\r\n"), ("\r\n\r\n", "")],
)
def test_a_section_stands_apart(home: Home, before: str, gap: str) -> None:
    home.write(before)
    add("new", "AccountId=3")
    line_end = "\r\n" if "\r" in before else "\n"
    assert home.text == f"{before}{gap}[new]{line_end}AccountId = 3{line_end}"


def test_the_directory_is_made_for_the_user_alone(home: Home) -> None:
    directory = home.directory / "deep" / "down"
    added = add("acme", "AccountId=1", config_dir=directory)
    assert added.where == str(directory / "connections.toml")
    assert listed(config_dir=directory) == [added, BUILT_IN]
    if os.name == "posix":
        assert [mode_of(path) for path in (directory.parent, directory)] == [0o700, 0o700]
        assert {mode_of(path) for path in directory.iterdir()} == {0o600}


@posix
def test_an_open_file_is_closed_with_its_first_secret(home: Home) -> None:
    home.write("[plain]\nAccountId = 1\n")
    home.path.chmod(0o644)
    add("acme", "APIKey=x")
    assert mode_of(home.path) == 0o600


@posix
@pytest.mark.parametrize("mask", [0, 0o777])
def test_modes_are_the_same_under_any_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        for name in ("acme", "beta"):
            add(name, f"APIKey={SECRET}", config_dir=tmp_path / "new")
    finally:
        os.umask(before)
    assert {mode_of(path) for path in (tmp_path / "new").iterdir()} == {0o600}
    assert [each.name for each in listed(config_dir=tmp_path / "new")] == ["acme", "beta", "sandbox"]


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(home: Home, tmp_path: Path, there: bool) -> None:
    target = tmp_path / "dotfiles" / "harvest.toml"
    if there:
        target.parent.mkdir(mode=0o700)
        target.write_text("# mine\n")
    home.path.symlink_to(Path("..") / "dotfiles" / "harvest.toml")
    add("acme", "AccountId=1")
    assert home.path.is_symlink()
    assert target.read_text() == "# mine\n\n" * there + "[acme]\nAccountId = 1\n"
    remove("acme")
    assert home.path.is_symlink()
    assert "acme" not in target.read_text()


# What is refused


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"AcountId=1;APIKey={SECRET}", "connection string: there is no property AcountId, did you mean AccountId?"),
        (f"APIKey='{SECRET}", "connection string: the single quote opened at character 8 is never closed"),
        ("AccountId=x.Hush", "connection string: AccountId has to be an account number"),
        ("Timeout=soonHush", "connection string: Timeout has to be a number of seconds, 0 or more"),
        ("APIKey=Hush\x07", "connection string: APIKey has to be a token of visible ASCII characters"),
        ("BaseURL=http://Hush.example", "connection string: BaseURL has to be an https URL without user, query and"),
        (
            f"AccountId=1;APIKey={SECRET};ProfileSettings='APIKey=other'",
            "connection string: APIKey is given twice, with",
        ),
        ("DSN=other;AccountId=1", "connection string: a named connection cannot lead to another DSN"),
        ("ProfileSettings='dsn=other'", "connection string: a named connection cannot lead to another DSN"),
        ("DSN=", "connection string: a named connection cannot lead to another DSN"),
        ("", "connection string: there is nothing in it to keep"),
        ("jdbc:api:;ProfileSettings=''", "connection string: there is nothing in it to keep"),
        ("UserAgent=Hush\ud800", "connection string: UserAgent has to be text on one line"),
    ],
)
def test_a_string_that_cannot_be_used_is_refused(home: Home, text: str, says: str) -> None:
    home.write(FILE)
    assert refusal(lambda: add("new", text)).startswith(says)
    assert home.text == FILE


@pytest.mark.filterwarnings("ignore::harvest_duck.connection.UnsupportedPropertyWarning")
def test_what_no_file_can_hold_is_refused(home: Home) -> None:
    home.write(FILE)
    assert refusal(lambda: add("new", "Tables=Hush\ud800")) == (
        f"{home.path} cannot be written: the text has characters that UTF-8 lacks"
    )
    assert home.text == FILE


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " a",
        "a ",
        "a;b",
        "it's",
        'a"b',
        "a{b",
        "a}b",
        "[a",
        "a]",
        "a\nb",
        "a\r",
        "a\tb",
        "a\0",
        "\u200b",
        "x" * 65,
    ],
)
def test_a_name_that_is_none_is_refused(home: Home, name: str) -> None:
    assert refusal(lambda: add(name, "AccountId=1")).startswith("the name of a connection is printable text of at most")
    assert home.names == []


@pytest.mark.parametrize("name", ["sandbox", "Sandbox", "SANDBOX"])
@pytest.mark.parametrize("replace", [True, False])
def test_the_name_of_the_built_in_one_is_refused(home: Home, name: str, replace: bool) -> None:
    assert refusal(lambda: add(name, "AccountId=1", replace=replace)) == (
        "DSN sandbox is built in: choose another name"
    )
    assert home.names == []


@pytest.mark.parametrize(
    ("name", "known"), [("acme", "acme"), ("ACME", "acme"), ("gamma", "Gamma"), ("STRASSE", "Straße")]
)
def test_a_name_that_is_taken_is_refused(home: Home, name: str, known: str) -> None:
    text = f"{FILE}['Straße']\n"
    home.write(text)
    says = f"DSN {known} is there already: remove it first, or add it with --replace"
    assert refusal(lambda: add(name, "AccountId=1")) == says
    assert refusal(lambda: connections.require_free(name)) == says
    connections.require_free(name, replace=True)
    assert home.text == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[acme]\nAPIKey = "x.Hush\n', "is no TOML file: line 2, column "),
        ('APIKey = "x.Hush"\n', "a property stands before the first [section]"),
        ("[acme]\n[acme]\nAPIKey = 'x.Hush'", "is no TOML file: line 2, column "),
    ],
)
def test_a_broken_file_is_told_and_left_alone(home: Home, text: str, says: str) -> None:
    home.write(text)
    for call in (
        lambda: add("new", "AccountId=1"),
        lambda: add("acme", "AccountId=1", replace=True),
        lambda: remove("acme"),
        listed,
    ):
        message = refusal(call)
        assert message.startswith(str(home.path))
        assert says in message
    assert home.text == text


@posix
def test_an_open_file_with_a_secret_is_told_and_left_alone(home: Home) -> None:
    home.write(FILE)
    home.path.chmod(0o644)
    for call in (lambda: add("new", "AccountId=1"), lambda: remove("acme"), listed):
        assert refusal(call) == f"{home.path} holds a secret and is open to other users: chmod 600 {home.path}"
    assert home.text == FILE


@posix
def test_a_directory_that_others_write_is_refused(home: Home) -> None:
    home.directory.chmod(0o777)
    assert refusal(lambda: add("acme", f"APIKey={SECRET}")) == (
        f"{home.directory} can be written by other users, who could put another file there: chmod go-w {home.directory}"
    )
    assert list(home.directory.iterdir()) == []


def test_a_directory_in_place_of_the_file(home: Home) -> None:
    home.path.mkdir()
    assert refusal(lambda: add("acme", "AccountId=1")).startswith(f"{home.path} cannot be read: ")


@posix
def test_links_in_a_circle(home: Home) -> None:
    home.path.symlink_to(home.path)
    for call in (lambda: add("acme", "AccountId=1"), lambda: remove("acme"), listed):
        assert refusal(call).startswith(f"{home.path} cannot be read: ")


@posix
def test_a_lock_that_cannot_be_written(home: Home) -> None:
    home.path.with_name("connections.toml.lock").mkdir()
    assert refusal(lambda: add("acme", "AccountId=1")).startswith(f"{home.path}.lock cannot be written: ")


def test_another_program_is_waited_for_and_then_told_of(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_LOCK_S", 0.1)
    home.write(FILE)
    with file_lock.locked(home.path.with_name("connections.toml.lock"), 0):
        for call in (lambda: add("new", "AccountId=1"), lambda: remove("acme")):
            assert refusal(call) == f"another program is writing {home.path}: try again"
    assert home.text == FILE
    add("new", "AccountId=1")


@pytest.mark.takes_a_share
def test_processes_that_add_at_once_lose_nothing(home: Home) -> None:
    number = max(2, share(4))
    code = """
import sys
from harvest_duck.connections import add
for n in range(8):
    add(f"{sys.argv[1]}-{n}", "APIKey=x")
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(each)]) for each in range(number)]
    assert [process.wait(60) for process in running] == [0] * number
    assert {each.name for each in listed()} == {f"{a}-{n}" for a in range(number) for n in range(8)} | {"sandbox"}
    assert home.names == ["connections.toml"]


# Replacing


def test_a_replaced_section_keeps_its_place_and_comments(home: Home) -> None:
    home.write(FILE)
    added = add("ACME", "Timeout=20;AccountId=3;Pagesize=5", replace=True)
    assert added == NamedConnection("acme", "3", "none", str(home.path))
    assert home.text == FILE.replace("= 1   # of", "= 3   # of").replace(
        '"API Key" = "x.Hush"\n', "Timeout = 20\nPagesize = 5\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[Gamma.nested]\nx = 1\n", ""),
        ("[Gamma]\nAccountId = 2\n[Gamma.nested]\nx = 1\n", ""),
        ("Gamma = {AccountId = 1, x = 2}\n", ""),
        ("Gamma.AccountId = 1\nother.AccountId = 2\n", "other.AccountId = 2\n"),
        ("[Gamma.x]\na = 1\n[other]\nAccountId = 2\n[Gamma.y]\nb = 1\n", "[other]\nAccountId = 2\n"),
        ("[[Gamma.x]]\na = 1\n[[Gamma.x]]\na = 2\n", ""),
    ],
)
def test_a_section_without_one_place_moves_to_the_end(home: Home, before: str, after: str) -> None:
    home.write(before)
    add("gamma", "AccountId=7", replace=True)
    assert home.text == after + "\n" * bool(after) + "[Gamma]\nAccountId = 7\n"


def test_all_spellings_of_a_name_are_one_connection(home: Home) -> None:
    home.write('[acme]\nAccountId = 1\n\n[beta]\n\n[ACME]\nAPIKey = "x.Hush"\n')
    assert [each.name for each in listed()] == ["acme", "beta", "sandbox"]
    add("Acme", "AccountId=5", replace=True)
    assert home.text == "[acme]\nAccountId = 5\n\n[beta]\n\n"


def test_replace_adds_what_is_not_there(home: Home) -> None:
    add("acme", "AccountId=1", replace=True)
    assert home.text == "[acme]\nAccountId = 1\n"


# Removing


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        (
            "Acme",
            "# My connections.\n\n# Only for the reports.\n[beta]" + FILE.partition("[beta]")[2],
        ),
        ("beta", FILE.partition("[beta]")[0] + "[Gamma.nested]\nx = 1\n# The end.\n"),
        ("GAMMA", FILE.partition("[Gamma")[0] + "# The end.\n"),
    ],
)
def test_a_section_goes_and_the_rest_stays(home: Home, name: str, rest: str) -> None:
    home.write(FILE)
    remove(name)
    assert home.text == rest


def test_the_last_one_leaves_the_comments(home: Home) -> None:
    home.write("# mine\n\n[acme]\nAccountId = 1\n# bye\n")
    remove("acme")
    assert home.text == "# mine\n\n# bye\n"
    assert listed() == [BUILT_IN]
    add("acme", "AccountId=1")
    assert home.text == "# mine\n\n# bye\n\n[acme]\nAccountId = 1\n"


def test_a_broken_section_can_go(home: Home) -> None:
    home.write("[acme]\nAcountId = 1\n")
    assert refusal(listed) == "DSN acme: there is no property AcountId, did you mean AccountId?"
    remove("acme")
    assert listed() == [BUILT_IN]


def test_an_unknown_name_lists_the_names_there_are(home: Home) -> None:
    home.write(FILE)
    assert refusal(lambda: remove(SECRET)) == (
        f"no connection in {home.path} has that name; there are: Gamma, acme, beta"
    )
    assert home.text == FILE


def test_nothing_to_remove_makes_no_file(tmp_path: Path) -> None:
    directory = tmp_path / "none"
    assert refusal(lambda: remove("acme", config_dir=directory)).endswith("has that name; there are: none")
    assert refusal(lambda: remove("Sandbox", config_dir=directory)) == "DSN sandbox is built in and cannot be removed"
    assert not directory.exists()


def test_a_sandbox_of_ones_own_can_go(home: Home) -> None:
    home.write("[SandBox]\nAccountId = 1\n")
    assert listed() == [NamedConnection("SandBox", "1", "none", str(home.path))]
    remove("sandbox")
    assert listed() == [BUILT_IN]


# The text of the file


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, list[str]]]:
    """Files in all the styles that TOML has, and the comments in them by their section; "" has those of nobody."""
    comments: dict[str, list[str]] = {"": []}
    text = ""

    def comment(owner: str = "") -> str:
        comments.setdefault(owner, []).append(f"# {sum(map(len, comments.values()))}!")
        return comments[owner][-1]

    def free() -> str:
        return draw(st.sampled_from(["", "\n", "\n\n"])) + (f"{comment()}\n" if draw(st.booleans()) else "")

    styles = draw(st.lists(st.sampled_from(["inline", "dotted", *["table"] * 3, "nested", "scattered"]), max_size=5))
    styles.sort(key=lambda style: style not in {"inline", "dotted"})
    text += free()
    for number, style in enumerate(styles):
        name = f"s{number}"
        match style:
            case "inline":
                text += f'{name} = {{AccountId = 1, x = "[{name}] # no"}} {comment(name)}\n'
            case "dotted":
                text += f'{name}.AccountId = 1 {comment(name)}\n{name}.x = "y"\n'
            case "table":
                text += f'[ {name} ] {comment(name)}\n{comment(name)}\nx = """\n[{name}]\n# no\n"""\n  "AccountId"=1\n'
            case "nested":
                text += f"[{name}]\nAccountId = 1\n{comment(name)}\n[[{name}.deep]]\nx = 1\n"
            case "scattered":
                text += f"[{name}.one]\nx = 1 {comment(name)}\n[x{name}]\n{free()}[{name}.two]\ny = 1\n"
        text += free()
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.rstrip() if draw(st.booleans()) else text, comments


@given(document=documents(), position=st.integers(0, 4), removing=st.booleans())
@settings(deadline=None, max_examples=share(150))
def test_one_section_changes_and_all_else_stays(
    document: tuple[str, dict[str, list[str]]], position: int, removing: bool
) -> None:
    text, comments = document
    name = f"s{position}"
    expected = tomllib.loads(text)
    if removing:
        expected.pop(name, None)
        changed = without_sections(text, [name])
    else:
        expected[name] = {"AccountId": 2, "Profile": "[x] # no"}
        changed = with_section(text, name, {"AccountId": 2, "Profile": "[x] # no"})
    assert tomllib.loads(changed) == expected
    kept = [each for owner, every in comments.items() if owner != name for each in every]
    found = re.findall(r"# \d+!", changed)
    in_order = [each for each in re.findall(r"# \d+!", text) if each in found]
    assert found == in_order
    assert set(kept) <= set(found)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_sections_added_and_removed_leave_no_trace(newline: str) -> None:
    text = FILE.replace("\n", newline)
    assert without_sections(with_section(text, "new", {"AccountId": 1}), ["new"]).rstrip() == text.rstrip()


@pytest.mark.parametrize(
    "text",
    [
        "[acme]\nAccountId = 1\n[beta]\nTimeout = nan\n",
        # tomllib reads it, tomlkit does not.
        "[acme]\nAccountId = 1\n[[beta.d]]\n[gamma]\n[beta.d.e]\n[[beta.d]]\n",
    ],
)
def test_what_cannot_be_changed_with_certainty_is_left_alone(home: Home, text: str) -> None:
    home.write(text)
    for call in (lambda: add("acme", "AccountId=2", replace=True), lambda: remove("acme")):
        assert refusal(call) == ("connections.toml is written in a way that only a person can change: edit it by hand")
    assert home.text == text


# Reading back

_lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"]))
_VALUES: Mapping[Kind, st.SearchStrategy[str]] = {
    Kind.TEXT: _lines | st.just("007"),
    Kind.SECRET: _lines | st.just("12"),
    Kind.TOKEN: st.text(st.characters(min_codepoint=33, max_codepoint=126)) | st.just("12"),
    Kind.ACCOUNT: st.integers(1, 10**18 - 1).map(str)
    | st.sampled_from(["_your_account_id", " 12 ", "", "1,2", "2 , 1,2", "*"]),
    Kind.SECONDS: st.sampled_from(["0", "00", "060", "2.5", "60", "999999999"]),
    Kind.BOOLEAN: st.sampled_from(["true", "TRUE", "False"]),
    Kind.PATH: st.sampled_from(["~/harvest.log", r"C:\logs\new.log", "12"]),
    Kind.LOCATION: st.sampled_from(["~/tokens.json", "memory://here", "12"]),
    Kind.DATABASE: st.sampled_from(["~/acme.duckdb", "12"]),
    Kind.FILE: st.just(__file__),
    Kind.URL: st.sampled_from(["https://gateway.example/v2/", "HTTP://localhost:8080"]),
    Kind.HOST: st.sampled_from(["Proxy.Example", "::1", "12"]),
    Kind.HOSTS: st.sampled_from(["a; .b ;*.c", "::1"]),
    Kind.RATE: st.sampled_from(["100/15", "1 / 0.5", "off"]),
    Kind.DAY: st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(str) | st.just(" 2026-03-31 "),
    Kind.MOMENT: st.sampled_from(["2026-03-31T12:00:00Z", "2026-03-31 14:00:00+02"]),
    Kind.HEADERS: st.sampled_from(["X-A: 1\r\nX-B: it's; {2}\n", r"X-A: 1\nX-B: \"2\""]),
}


def _values(entry: Property) -> st.SearchStrategy[str]:
    if entry.support is Support.LATER:
        return st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["0", "-0", "9" * 5000])
    if entry.choices:
        return st.sampled_from([*entry.choices, *map(str.lower, entry.choices)])
    if entry.kind is Kind.INTEGER:
        return st.builds("{:0{}d}".format, st.integers(entry.least or 0, entry.most or 10**9), st.integers(1, 9))
    return _VALUES[entry.kind]


_PAIRS = {entry.name: _values(entry) for entry in PROPERTIES.values() if entry.name not in {"DSN", "ProfileSettings"}}
_names = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";'\"{}[]"), min_size=1, max_size=20)
_free_names = (
    st.lists(_names, min_size=1, max_size=3)
    .map(" ".join)
    .filter(lambda name: name.casefold() not in {"acme", "beta", "gamma", "sandbox"})
)


@st.composite
def connection_strings(draw: st.DrawFn) -> str:
    """Strings of any properties, some of them within ProfileSettings, in any case."""
    names = draw(st.lists(st.sampled_from(sorted(_PAIRS)), min_size=1, max_size=8, unique=True))
    if {"Offline", "AsOf"} & {*names}:
        names = [*dict.fromkeys([*names, "CacheLocation"])]
    pairs = {draw(st.sampled_from([name, name.upper(), name.lower()])): draw(_PAIRS[name]) for name in names}
    inside = draw(st.sets(st.sampled_from(sorted(pairs))))
    outer = {name: text for name, text in pairs.items() if name not in inside}
    return render(
        outer | ({"ProfileSettings": render({name: pairs[name] for name in sorted(inside)})} if inside else {})
    )


@given(
    text=connection_strings(),
    name=_free_names,
    before=st.sampled_from(["", FILE, "# none"]),
)
@settings(deadline=None, max_examples=share(150))
@pytest.mark.filterwarnings("ignore::harvest_duck.connection.UnsupportedPropertyWarning")
def test_what_is_added_reads_as_the_string(
    text: str, name: str, before: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write(before)
    try:
        wanted = resolve(text, environ={})
    except ConnectionStringError as refused:
        with pytest.raises(ConnectionStringError, match=f"^{re.escape(str(refused))}$"):
            add(name, text, config_dir=home.directory)
        assert home.text == before
        return
    added = add(name, text, config_dir=home.directory)
    dsn = render({"DSN": name})
    assert resolve(dsn, environ={}, config_dir=home.directory) == wanted
    assert resolve(dsn, environ={"HARVEST_DUCK_CONFIG_DIR": str(home.directory)}) == wanted
    found = named_connections(home.path, {}).find(name)
    assert found is not None
    assert found[1] == canonical(parse(text).items(), where="")
    assert home.text.startswith(before)
    if not before:
        assert (added.name, added.account_id) == (name, wanted.account_id)
        remove(name, config_dir=home.directory)
        assert home.text == ""


# Checking


def test_harvest_tells_whose_connection_it_is(home: Home, sandbox: Sandbox) -> None:
    (me,) = sandbox.records(MAIN_ID, "me")
    add("acme", sandbox.connection_string())
    sandbox.clear_log()
    assert check("ACME") == (
        CheckedConnection("ACME", f"{me['first_name']} {me['last_name']}", me["email"], str(MAIN_ID)),
    )
    assert [request.path for request in sandbox.requests] == ["/v2/users/me"]


def for_accounts(sandbox: Sandbox, accounts: str) -> str:
    """The connection string of the administrator for these accounts."""
    return sandbox.connection_string().replace(f"AccountId={MAIN_ID};", f"AccountId={accounts};")


@pytest.mark.parametrize(
    ("accounts", "numbers", "asked"),
    [
        (f"{EURO_ID}, {MAIN_ID}", [EURO_ID, MAIN_ID], []),
        ("*", [MAIN_ID, EURO_ID], [("/api/v2/accounts", None)]),
    ],
    ids=["list", "all"],
)
def test_every_account_tells_whose_connection_it_is(
    home: Home, sandbox: Sandbox, accounts: str, numbers: list[int], asked: list[tuple[str, str | None]]
) -> None:
    """MaxRows is for rows of a query, and leaves no account out."""
    add("acme", for_accounts(sandbox, accounts) + ";MaxRows=1")
    sandbox.clear_log()
    people = [sandbox.records(number, "me")[0] for number in numbers]
    assert check("acme") == tuple(
        CheckedConnection("acme", f"{me['first_name']} {me['last_name']}", me["email"], str(number))
        for number, me in zip(numbers, people, strict=True)
    )
    asked = asked + [("/v2/users/me", str(number)) for number in numbers]
    assert sorted((request.path, str(request.account_id)) for request in sandbox.requests) == sorted(
        (path, str(account)) for path, account in asked
    )


def test_an_account_that_the_token_does_not_reach_fails_the_check(home: Home, sandbox: Sandbox) -> None:
    add("acme", for_accounts(sandbox, f"{MAIN_ID},5"))
    with pytest.raises(NotFound, match=r"^me of account 5 .*answered 404"):
        check("acme")


def test_errors_of_harvest_pass_through(home: Home, sandbox: Sandbox) -> None:
    add("acme", sandbox.connection_string().replace("APIKey=", f"APIKey={SECRET}"))
    with pytest.raises(Unauthorized, match="401") as caught:
        check("acme")
    assert "Hush" not in str(caught.value)


def test_a_name_that_is_not_there_cannot_be_checked(home: Home) -> None:
    assert refusal(lambda: check("nowhere")) == (
        f"connection string: DSN names no connection in {home.path}; there are: sandbox; "
        "`harvest-duck connections add NAME` adds one"
    )
    assert refusal(lambda: check("")).startswith("the name of a connection is ")


# The command line


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    """`harvest-duck connections` with these arguments; nothing it writes holds a secret."""
    result = CliRunner().invoke(command, arguments, input=stdin)
    assert "Hush" not in result.output
    assert "Hush" not in str(result.exception)
    return result


def fails(*arguments: str, stdin: str | bytes = "") -> str:
    """The one line of the error that such a command ends with."""
    result = run(*arguments, stdin=stdin)
    assert isinstance(result.exception, HarvestDuckError)
    assert len(str(result.exception).splitlines()) == 1
    assert result.output == ""
    return str(result.exception)


def sections(home: Home) -> dict[str, dict[str, object]]:
    """What the file means."""
    return tomllib.loads(home.text)


def test_a_token_comes_from_standard_input(home: Home) -> None:
    result = run("add", "acme", "--account", "123456", stdin=f"  {SECRET} \r\nuser: somebody\n")
    assert result.exit_code == 0, result.exception
    assert result.output == f"acme is in {home.path}; use it by --connection DSN=acme\n"
    assert sections(home) == {"acme": {"AccountId": 123456, "APIKey": SECRET}}


@pytest.mark.parametrize(("accounts", "account_id"), [("1, 2,1", "1,2"), ("*", "*")])
def test_several_accounts_are_kept(home: Home, accounts: str, account_id: str) -> None:
    assert run("add", "acme", "--account", accounts, stdin=SECRET).exit_code == 0
    assert sections(home) == {"acme": {"AccountId": accounts, "APIKey": SECRET}}
    assert listed()[0].account_id == account_id


def test_an_oauth_application_is_kept(home: Home) -> None:
    arguments = ["--account", "1", "--client-id", "abc", "--callback-url", "http://localhost:8765/"]
    assert run("add", "acme", *arguments, stdin=SECRET).exit_code == 0
    wanted = {
        "AccountId": 1,
        "OAuthClientId": "abc",
        "CallbackURL": "http://localhost:8765/",
        "AuthScheme": "OAuth",
        "InitiateOAuth": "GETANDREFRESH",
        "OAuthClientSecret": SECRET,
    }
    assert sections(home)["acme"] == wanted
    string = "AccountId=1;OAuthClientId=abc;CallbackURL=http://localhost:8765/;AuthScheme=OAuth"
    assert run("add", "again", "-c", string, stdin=SECRET).exit_code == 0
    assert sections(home)["again"] == wanted


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["-c", f"APIKey={SECRET}"], {"APIKey": SECRET}),
        (["-c", f"APIKey={SECRET}", "--account", "5"], {"APIKey": SECRET, "AccountId": 5}),
        (["-c", f"OAuthAccessToken={SECRET}"], {"OAuthAccessToken": SECRET}),
        (["-c", f"OAuthAccessToken={SECRET}", "--oauth"], {"OAuthAccessToken": SECRET, "AuthScheme": "OAuth"}),
        (
            ["-c", f"AuthScheme=oauth;OAuthClientSecret={SECRET}"],
            {"AuthScheme": "oauth", "OAuthClientSecret": SECRET},
        ),
        (
            ["-c", f"OAuthClientSecret={SECRET};InitiateOAuth=REFRESH", "--oauth"],
            {"OAuthClientSecret": SECRET, "AuthScheme": "OAuth", "InitiateOAuth": "REFRESH"},
        ),
    ],
)
def test_a_string_that_is_enough_is_taken_as_it_is(home: Home, arguments: list[str], wanted: dict[str, object]) -> None:
    assert run("add", "acme", *arguments, stdin="unread").exit_code == 0
    assert sections(home) == {"acme": wanted}


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["acme", "--account", "1"], "", "Personal access token is missing: standard input is empty"),
        (["acme", "--account", "1"], "\nHush\n", "Personal access token is missing: standard input is empty"),
        (["acme", "--account", "1"], b"Hush\xff\n", "connection string: APIKey has to be a token of visible ASCII"),
        (["acme", "--account", "x.Hush"], SECRET, "connection string: AccountId has to be an account number"),
        (["acme", "--account", "1,*"], SECRET, "connection string: AccountId has to be an account number, several"),
        (["acme", "--account", "_your_account_id"], SECRET, "connection string: AccountId has to be an account number"),
        (["acme", "--account", "1", "-c", "AccountId=2"], SECRET, "connection string: AccountId is given twice, with"),
        (["acme", "-c", "DSN=other"], SECRET, "connection string: a named connection cannot lead to another DSN"),
        (["acme", "-c", "AcountId=1"], SECRET, "connection string: there is no property AcountId, did you mean"),
        (["a;b"], SECRET, "the name of a connection is printable text"),
        (
            ["acme", "--account", "1", "--callback-url", SECRET],
            SECRET,
            "CallbackURL has to be the redirect URI of your",
        ),
        (["sandbox"], SECRET, "DSN sandbox is built in: choose another name"),
        (["beta"], SECRET, "DSN beta is there already: remove it first, or add it with --replace"),
        (
            ["acme", "--account", "1", "--client-id", "a", "--callback-url", "http://localhost/"],
            b"Hush\xff",
            "connection string: OAuthClientSecret has to be secret text on one line",
        ),
    ],
)
def test_what_cannot_be_added(home: Home, arguments: list[str], stdin: str | bytes, says: str) -> None:
    home.write(FILE.replace("acme", "other"))
    before = home.text
    assert fails("add", *arguments, stdin=stdin).startswith(says)
    assert home.text == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Account number is missing, and there is no terminal to ask on: give --account."),
        (["--oauth", "--account", "1"], "Client id is missing, and there is no terminal to ask on: give --client-id."),
        (["--client-id", "x", "--account", "1"], "Callback URL is missing, and there is no terminal to ask on: give"),
        (["--oauth", "-c", "AuthScheme=None"], "AuthScheme=NONE is no sign-in by OAuth: leave out one of them."),
    ],
)
def test_what_has_to_be_given_without_a_terminal(home: Home, arguments: list[str], says: str) -> None:
    result = run("add", "acme", *arguments, stdin=SECRET)
    assert result.exit_code == 2
    assert says in result.output
    assert home.names == []


def test_a_connection_is_replaced_on_demand(home: Home) -> None:
    home.write(FILE)
    assert run("add", "ACME", "--account", "9", "--replace", stdin=SECRET).exit_code == 0
    assert sections(home)["acme"] == {"AccountId": 9, "APIKey": SECRET}


def test_a_name_with_blanks_is_used_as_it_is_told(home: Home) -> None:
    result = run("add", "my own", "--account", "9", stdin=SECRET)
    (used,) = re.findall(r"'(DSN=.*)'", result.output)
    assert resolve(used, environ={}, config_dir=home.directory).account_id == "9"


@posix
@pytest.mark.parametrize(
    ("arguments", "answers", "wanted"),
    [
        (
            ["acme"],
            {"Account number": "123456", "Personal access token": SECRET},
            {"AccountId": 123456, "APIKey": SECRET},
        ),
        (
            ["acme", "--oauth"],
            {"Account number": "1", "Client id": "abc", "Callback URL": "http://localhost/", "Client secret": SECRET},
            {
                "AuthScheme": "OAuth",
                "InitiateOAuth": "GETANDREFRESH",
                "AccountId": 1,
                "OAuthClientId": "abc",
                "CallbackURL": "http://localhost/",
                "OAuthClientSecret": SECRET,
            },
        ),
    ],
)
def test_a_terminal_is_asked_and_shows_no_secret(
    home: Home, arguments: list[str], answers: dict[str, str], wanted: dict[str, object]
) -> None:
    shown = on_a_terminal(["add", *arguments], answers)
    assert sections(home) == {"acme": wanted}
    assert SECRET not in shown
    assert f"acme is in {home.path}" in shown
    assert all(f"{prompt}: " in shown for prompt in answers)


def on_a_terminal(arguments: list[str], answers: dict[str, str]) -> str:
    """What a terminal shows while a person answers each prompt as it appears."""
    code = "from harvest_duck.cli.connections import connections; connections()"
    person, program = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=program,
        stdout=program,
        stderr=program,
        start_new_session=True,
    ) as running:
        os.close(program)
        shown, waiting = "", dict(answers)
        while chunk := shown_next(person):
            shown += chunk
            for prompt in [prompt for prompt in waiting if f"{prompt}: " in shown]:
                os.write(person, f"{waiting.pop(prompt)}\n".encode())
    os.close(person)
    assert running.returncode == 0, shown
    return shown


def shown_next(terminal: int) -> str:
    """What comes next, "" when the program has ended, of which Linux makes an error."""
    try:
        return os.read(terminal, 4096).decode()
    except OSError:
        return ""


def test_the_listing_shows_no_secret(home: Home) -> None:
    home.write(FILE.replace("[Gamma.nested]\nx = 1", ""))
    rows = [
        {"name": "acme", "account_id": "1", "signs_in": "personal token", "where": str(home.path)},
        {"name": "beta", "account_id": "2", "signs_in": "personal token", "where": str(home.path)},
        {"name": "sandbox", "account_id": str(MAIN_ID), "signs_in": "personal token", "where": "built in"},
    ]
    assert json.loads(run("list", "--format", "json").output) == rows
    assert list(csv.DictReader(io.StringIO(run("list", "--format", "csv").output))) == rows
    table = run("list").output
    assert all(text in table for row in rows for text in row.values())


def test_the_listing_without_a_file() -> None:
    (row,) = json.loads(run("list", "--format", "json").output)
    assert row["name"] == "sandbox"


def test_a_connection_is_tried_out(home: Home, sandbox: Sandbox) -> None:
    add("acme", sandbox.connection_string())
    (me,) = sandbox.records(MAIN_ID, "me")
    assert run("test", "acme").output == (
        f"acme: {me['first_name']} {me['last_name']} ({me['email']}) in account {MAIN_ID}\n"
    )


@pytest.mark.parametrize("accounts", [f"{MAIN_ID},{EURO_ID}", "*"])
def test_each_account_is_told_on_a_line(home: Home, sandbox: Sandbox, accounts: str) -> None:
    add("acme", for_accounts(sandbox, accounts))
    assert run("test", "acme").output == "".join(
        f"acme: {me['first_name']} {me['last_name']} ({me['email']}) in account {number}\n"
        for number in (MAIN_ID, EURO_ID)
        for me in sandbox.records(number, "me")
    )


def test_harvest_cannot_steer_the_terminal(home: Home, sandbox: Sandbox) -> None:
    add("acme", sandbox.connection_string())
    (me,) = sandbox.records(MAIN_ID, "me")
    person = {**me, "first_name": "\x1b[2JAda", "last_name": None, "email": "ada\n@example.com"}
    sandbox.respond_next("/users/me", headers={"Content-Type": "application/json"}, body=person)
    assert run("test", "acme").output == f"acme:  [2JAda (ada @example.com) in account {MAIN_ID}\n"


def test_a_trial_that_fails_is_one_line(home: Home, sandbox: Sandbox) -> None:
    add("acme", sandbox.connection_string().replace("APIKey=", f"APIKey={SECRET}"))
    assert "401" in fails("test", "acme")


def test_a_connection_is_removed(home: Home) -> None:
    home.write(FILE)
    assert run("remove", "acme").output == "acme is removed.\n"
    assert fails("remove", "acme").endswith("there are: Gamma, beta")
    assert fails("remove", "sandbox") == "DSN sandbox is built in and cannot be removed"


def test_help_tells_where_a_token_belongs() -> None:
    text = run("add", "--help").output
    assert "pass show harvest | harvest-duck connections add acme --account 123456\n" in text
    assert "other users of the machine see arguments" in " ".join(text.split())


def test_writing_is_not_loaded_for_reading() -> None:
    """Queries that name a connection pay for nothing that only writing needs."""
    code = "import sys, harvest_duck.connections as c; c.listed(); print('tomlkit' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_warnings_tell_what_has_no_effect(home: Home) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        add("acme", f"AccountId=1;RTK={SECRET}")
    assert [str(warning.message) for warning in caught] == ["without effect yet: RTK"]
