"""`harvest-duck login`, `logout`, `whoami` and `accounts`; what waits for a person runs in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.command import COMMAND, environment, run, run_process, start
from support.person import agreed, fetched
from support.sign_in import token_requests

from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future


@pytest.mark.usefixtures("browser")
def test_from_login_to_logout(harvest: Sandbox, connection: str) -> None:
    """The first in a process of its own; the connection comes from the environment, so no argument has a secret."""
    login = run_process("login", connection=connection)
    assert (login.returncode, login.stdout) == (0, ""), login.stderr
    assert login.stderr.splitlines()[-3:] == [
        "Ada Moreau is signed in, with 2 Harvest accounts:",
        f"  {MAIN_ID}  Harbour & Vale",
        f"  {EURO_ID}  Harbour & Vale Europe",
    ]
    who = json.loads(run("whoami", "--format", "json", connection=connection).stdout)
    assert who == [
        {
            "name": "Ada Moreau",
            "email": "ada.moreau@harbourvale.example",
            "user_id": 2310441,
            "accounts": f"{MAIN_ID}, {EURO_ID}",
        }
    ]
    accounts = run("accounts", "--format", "csv", connection=connection).stdout.splitlines()
    assert accounts[0] == "account_id,name,product"
    assert accounts[1] == f"{MAIN_ID},Harbour & Vale,harvest"
    query = run("query", "SELECT count(*) AS n FROM harvest.clients", "--format", "csv", connection=connection)
    assert query.stdout == f"n\n{len(harvest.records(MAIN_ID, 'clients'))}\n", query.stderr
    assert token_requests(harvest) == ["authorization_code"]
    assert run("logout", connection=connection).stderr == "Ada Moreau is signed out.\n"
    assert run("logout", connection=connection).stderr == "Nobody was signed in.\n"


def test_a_query_signs_in_first_where_nobody_is(harvest: Sandbox, connection: str, last_page: Future[str]) -> None:
    query = run("query", "SELECT count(*) AS n FROM harvest.clients", "--format", "csv", connection=connection)
    assert query.stdout == f"n\n{len(harvest.records(MAIN_ID, 'clients'))}\n", query.stderr
    assert query.stderr.startswith("Harvest asks for your consent in the browser. If no page opens, go to\n\n  http://")
    assert "You are signed in to Harvest" in last_page.result(PATIENCE_S)


@pytest.mark.parametrize("initiate", ["OFF", "GETANDREFRESH"])
@pytest.mark.usefixtures("browser")
def test_login_signs_in_whatever_the_string_allows_queries(connection: str, initiate: str) -> None:
    text = connection.replace("GETANDREFRESH", initiate).replace("AuthScheme=OAuth;", "")
    assert run("login", connection=text).returncode == 0
    assert run("whoami", connection=connection).returncode == 0


@pytest.mark.usefixtures("browser")
def test_login_for_another_account(connection: str) -> None:
    without = connection.replace(f"AccountId={MAIN_ID};", "")
    assert run("login", "--account", str(EURO_ID), connection=without).returncode == 0
    assert run("login", "--account", f"{MAIN_ID},{EURO_ID}", connection=without).returncode == 0
    wrong = run("login", "--account", f"{MAIN_ID},5", connection=without)
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-1] == (
        "harvest-duck: Ada Moreau signed in, who reaches Harbour & Vale (1000001) and Harbour & Vale Europe (1000002) "
        "and not 5: sign in to Harvest as somebody else, or set another AccountId"
    )


class Login:
    """A command in a process of its own that waits for a pasted redirect."""

    def __init__(self, connection: str, *arguments: str, stdin: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Read no further than the line that is asked for: `communicate` does not see what a buffer holds.
            bufsize=0,
            env=environment(connection),
        )
        assert self.process.stderr is not None
        self.read: list[str] = []
        for line in map(bytes.decode, self.process.stderr):
            self.read.append(line)
            if "paste it here" in line:
                break
        self.url = next(line.strip() for line in self.read if line.startswith("  http"))

    def ended(self, pasted: str | None = None) -> tuple[int, str, str]:
        """Return the exit status, standard output, and the lines that standard error had after `pasted` was."""
        out, err = self.process.communicate(None if pasted is None else pasted.encode(), timeout=PATIENCE_S)
        return self.process.returncode, out.decode(), err.decode()


@pytest.fixture
def login(connection: str) -> Iterator[Login]:
    """`harvest-duck login --no-browser`, which has printed the address."""
    under_way = Login(connection, "login", "--no-browser")
    yield under_way
    under_way.process.kill()
    under_way.process.communicate()


@pytest.mark.thorough
def test_without_a_browser_the_redirect_is_pasted(login: Login, connection: str) -> None:
    """Also after blank lines; `tests/unit/auth/test_requests.py` has the other forms."""
    status, _, err = login.ended(f"\n \n{agreed(login.url)}\n")
    assert (status, err.splitlines()[0]) == (0, "Ada Moreau is signed in, with 2 Harvest accounts:")
    assert run("whoami", connection=connection).returncode == 0


@pytest.mark.thorough
def test_the_redirect_of_a_browser_here_is_taken_too(login: Login, connection: str) -> None:
    """As over SSH with the port forwarded."""
    assert "You are signed in" in fetched(agreed(login.url))[2]
    assert login.ended()[0] == 0
    assert run("whoami", connection=connection).returncode == 0


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("code=x&state=forged\n", "the redirect carries the state of another sign-in and was refused"),
        ("sandbox-code-forged\n", "Harvest refused the code, which is used already"),
    ],
)
def test_a_wrong_redirect_is_refused_in_one_line(connection: str, pasted: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "pasted"
    file.write_text(pasted)
    with file.open() as stdin:
        ended = run("login", "--no-browser", connection=connection, stdin=stdin)
    assert (ended.returncode, ended.stdout) == (1, "")
    *_, asked, line = ended.stderr.splitlines()
    assert "paste it here" in asked
    assert line.startswith(f"harvest-duck: {says}")


def test_the_redirect_may_come_from_a_file(connection: str, tmp_path: Path) -> None:
    pasted = tmp_path / "pasted"
    pasted.write_text("\nwhat is this\n")
    with pasted.open() as stdin:
        ended = run("login", "--no-browser", connection=connection, stdin=stdin)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("harvest-duck: nothing that could be a code was pasted")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_an_endless_input_ends(connection: str) -> None:
    with Path("/dev/zero").open() as stdin:
        ended = run("login", "--no-browser", connection=connection, stdin=stdin)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("harvest-duck: nothing that could be a code was pasted")


@pytest.mark.thorough
def test_a_second_login_says_that_it_waits_for_the_first(login: Login, connection: str) -> None:
    with start("login", "--no-browser", connection=connection, stdin=subprocess.DEVNULL) as second:
        assert second.stderr is not None
        line = second.stderr.readline()
        assert line.startswith("Another program is signing in, says ")
        login.ended(agreed(login.url) + "\n")
        assert second.stderr.readline().startswith("To sign in to Harvest, open this address")
        second.terminate()


@pytest.mark.thorough
def test_the_consent_may_be_denied_elsewhere(login: Login) -> None:
    status, _, err = login.ended(agreed(login.url, decision="deny") + "\n")
    assert (status, err) == (
        1,
        "harvest-duck: the consent was denied: run `harvest-duck login` again and choose to allow access\n",
    )


@pytest.mark.thorough
def test_ctrl_c_ends_the_wait(login: Login) -> None:
    login.process.send_signal(signal.SIGINT)
    status, _, err = login.ended()
    assert (status, err.strip()) == (130, "interrupted")


@pytest.mark.thorough
def test_ctrl_c_ends_the_wait_of_a_query(connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "true %s")
    with start("query", "FROM harvest.clients", connection=connection) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Harvest asks for your consent")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130


def test_a_login_that_nobody_agrees_to_ends(connection: str) -> None:
    ended = run("login", "--no-browser", "--timeout", "1", connection=connection)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("harvest-duck: nobody agreed within 1 s: run `harvest-duck login`")


@pytest.mark.thorough
def test_a_query_at_a_terminal_without_a_browser_asks_there(harvest: Sandbox, connection: str) -> None:
    """The terminal is a real one; what is pasted there is longer than a line of 80."""
    mine, theirs = pty.openpty()
    try:
        query = Login(connection, "query", "SELECT count(*) AS n FROM harvest.clients", "--format", "csv", stdin=theirs)
        os.write(mine, (agreed(query.url) + "\n").encode())
        status, out, err = query.ended()
    finally:
        os.close(mine)
        os.close(theirs)
    assert (status, out) == (0, f"n\n{len(harvest.records(MAIN_ID, 'clients'))}\n"), err


def test_without_browser_and_terminal_a_query_says_what_to_run(connection: str) -> None:
    ended = run("query", "FROM harvest.clients", connection=connection)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("harvest-duck: nobody who reaches account 1000001 is signed in to Harvest, says ")
    assert line.endswith(": run `harvest-duck login`")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("AccountId=1", "harvest-duck: signing in needs an OAuth application: register one at id.getharvest.com"),
        ("AccountId=1;OAuthClientId=x", "harvest-duck: signing in needs CallbackURL: set it to the redirect URI"),
    ],
)
@pytest.mark.usefixtures("browser")
def test_login_without_an_application_says_what_it_needs(text: str, says: str) -> None:
    ended = run("login", connection=text)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(says)


def test_login_refuses_to_keep_a_sign_in_in_the_memory_of_a_command(connection: str) -> None:
    ended = run("login", connection=f"{connection};OAuthSettingsLocation=memory://here")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("harvest-duck: OAuthSettingsLocation is memory://here, which is forgotten when")


@pytest.mark.usefixtures("browser")
def test_a_callback_elsewhere_is_refused_where_nobody_can_paste(connection: str, port: int) -> None:
    for callback in ("https://app.example/callback", f"http://192.168.1.5:{port}/callback"):
        ended = run("login", connection=connection.replace(f"http://localhost:{port}/callback", callback))
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert line.startswith("harvest-duck: CallbackURL is not plain http to this machine, so nothing here can take")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="arguments of processes are read from /proc")
def test_no_secret_stands_in_the_arguments_of_a_process(
    connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of the command, nor of the browser that it opens, whose address holds a challenge and a state."""
    told = tmp_path / "told"
    os.mkfifo(told)
    browser = tmp_path / "browser.py"
    browser.write_text(
        "import pathlib, os\n"
        "own, parent = (pathlib.Path(f'/proc/{p}/cmdline').read_text() for p in (os.getpid(), os.getppid()))\n"
        f"pathlib.Path({str(told)!r}).write_text(own + '\\n' + parent)\n"
    )
    monkeypatch.setenv("BROWSER", f"{sys.executable} {browser} %s")
    with start("login", connection=connection) as login:
        own, parent = told.read_text().split("\n")
        login.kill()
    assert "/oauth2/authorize?" in own
    assert "login" in parent
    assert "sandbox-client-secret" not in own + parent
    assert "code_verifier" not in own + parent
