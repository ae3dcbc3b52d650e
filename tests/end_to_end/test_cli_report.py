"""`harvest-duck report`: page, figures and mail as files, whole or not at all, and only where they changed."""

from __future__ import annotations

import email
import json
import re
import signal
import socket
from contextlib import closing
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from support.asked import asked
from support.clocks import PATIENCE_S
from support.command import run, start

import harvest_duck
from harvest_duck.cli import failures, report_files
from harvest_duck.cli.report_files import asked_for
from harvest_duck.report_page.copy import copied
from harvest_duck.report_page.fingerprint import Form, found_in
from harvest_duck.report_page.options import Options
from harvest_duck.sandbox import TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from harvest_duck.report_page.copy import Copy
    from harvest_duck.sandbox import Sandbox

DAY = {"as_of": "2026-11-20"}


def folder(path: Path) -> list[str]:
    """The names of the files in a folder, hidden ones too."""
    return sorted(each.name for each in path.iterdir())


def test_it_writes_the_page_and_says_so(sandbox: Sandbox, connection: str, tmp_path: Path) -> None:
    options = ("report", "--as-of", "2026-11-20", "--if-changed")
    ended = run(*options, connection=connection, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "")
    page = (tmp_path / "report.html").read_bytes()
    (size, requests) = re.findall(r"^report written to report\.html, (\S+) kB, by (\d+) requests\n$", ended.stderr)[0]
    assert int(requests) == len(asked(sandbox)) <= 20
    assert float(size) == round(len(page) / 1000, 1)
    assert b'<p class="story">' in page
    again = run(*options, connection=connection, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (failures.UNCHANGED, "")
    assert again.stderr.startswith("nothing has changed in Harvest, and nothing is written, by ")
    assert (tmp_path / "report.html").read_bytes() == page
    assert folder(tmp_path) == ["report.html"]


@pytest.fixture(scope="module")
def copy(attached: duckdb.DuckDBPyConnection) -> Iterator[Copy]:
    """What a report of the shared agency takes, read once."""
    with closing(copied(attached, "harvest", Options.of(TODAY, **DAY))) as read:
        yield read


def test_it_is_written_again_when_harvest_or_the_question_has_changed(copy: Copy, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(b"precious")
    files = asked_for(page, None, as_json=False)
    # Another file, that is not there yet, although nothing has changed.
    both = [*files, *asked_for(tmp_path / "figures.json", None, as_json=True)]
    year = DAY | {"from_date": "2026-01-01"}
    for name, wanted, given, written in (
        ("Harbour & Vale", files, DAY, 1),
        ("Harbour & Vale", both, DAY, 2),
        ("Harbour & Vale", both, DAY, 0),
        ("Harbour & Sons", files, DAY, 1),
        ("Harbour & Sons", files, year, 1),
        ("Harbour & Sons", files, year, 0),
        ("Harbour & Vale", files, DAY, 1),
    ):
        copy.con.execute("UPDATE harvest._rows.company SET name = ?", [name])
        before = page.read_bytes()
        assert len(report_files.write(copy, wanted, given, if_changed=True)) == written
        assert (page.read_bytes() == before) == (written != 1)
    # Without the option it is written in any case.
    assert len(report_files.write(copy, files, DAY)) == 1


def test_it_is_written_again_for_other_addresses_and_in_place_of_what_is_cut_off(copy: Copy, tmp_path: Path) -> None:
    packed = tmp_path / "report.html.gz"
    files = asked_for(packed, tmp_path / "report.eml", as_json=False)
    ada, ben = (report_files.Addresses((f"{name}@example.com",)) for name in ("ada", "ben"))
    for addresses, cut, written in ((ada, False, 2), (ada, False, 0), (ada, True, 2), (ada, False, 0), (ben, False, 2)):
        if cut:
            packed.write_bytes(packed.read_bytes()[:9])
        assert len(report_files.write(copy, files, DAY, addresses, if_changed=True)) == written


def test_figures_mail_and_page_say_the_same_and_are_written_together(
    copy: Copy, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    mail, page = tmp_path / "report.eml", tmp_path / "report.html"
    assert [file.form for file in asked_for(None, mail, as_json=False)] == [Form.MAIL]
    written = report_files.write(
        copy, [*asked_for(None, mail, as_json=True), *asked_for(page, None, as_json=False)], DAY
    )
    assert [file.form for file, _ in written] == [Form.JSON, Form.MAIL, Form.PAGE]
    figures = json.loads(capsysbinary.readouterr().out)
    read = email.message_from_bytes(mail.read_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    (attached,) = read.iter_attachments()
    assert attached.get_content().encode() == page.read_bytes()
    assert read["X-Harvest-Duck-Digest"] == figures["digest"] == found_in(page.read_bytes(), Form.PAGE)
    assert [*figures][:2] == ["digest", "company"]
    (story,) = re.findall(r'<p class="story">(.*?)</p>', page.read_text("utf-8"), re.DOTALL)
    assert f"{figures['budgets']['over']} of {len(figures['budgets']['rows'])}" in story


@pytest.mark.thorough
def test_a_failure_leaves_the_file_as_it_was(sandbox: Sandbox, connection: str, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_bytes(b"precious")
    sandbox.respond_next("/v2/projects", status=503, headers={"Retry-After": "0"}, times=10)
    ended = run("report", "-o", str(target), connection=connection)
    assert (ended.returncode, ended.stdout) == (failures.FAILED, "")
    assert "503" in ended.stderr
    assert target.read_bytes() == b"precious"
    assert folder(tmp_path) == ["report.html"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--port 1", "go with --serve"),
        ("--no-open", "go with --serve"),
        ("--serve -o x.html", "--serve writes no file"),
        ("--serve --if-changed", "--serve writes no file"),
        ("--if-changed -o -", "a file that is kept"),
        ("--if-changed --json", "a file that is kept"),
        ("--mail-to ada@example.com", "go with --eml"),
        ("-o x --eml x", "a place of its own"),
        ("--json --eml -", "a place of its own"),
        ("-o /dev/stdout --eml -", "a place of its own"),
        ("--from never", "--from"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(options: str, said: str, tmp_path: Path) -> None:
    ended = run("report", *options.split(), connection="AccountId=1;APIKey=x", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert folder(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-o no/report.html", "there is no folder"),
        ("--eml x.eml --mail-to ada", "'ada' is no address for To"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_asked(
    options: str, said: str, sandbox: Sandbox, connection: str, tmp_path: Path
) -> None:
    ended = run("report", *options.split(), connection=connection, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (failures.FAILED, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert asked(sandbox) == []
    assert folder(tmp_path) == []


@pytest.mark.thorough
def test_a_copy_answers_it_without_a_request(sandbox: Sandbox, connection: str, tmp_path: Path) -> None:
    harvest_duck.sync(connection, tmp_path / "copy.duckdb")
    sandbox.clear_log()
    cached = f"{connection};CacheLocation={tmp_path / 'copy.duckdb'};Offline=true"
    ended = run("report", "--as-of", "2026-11-20", connection=cached, cwd=tmp_path)
    assert (ended.returncode, asked(sandbox)) == (0, [])
    assert ended.stderr.endswith(", by 0 requests\n")
    assert '<p class="story">' in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.thorough
def test_ctrl_c_ends_the_live_report_and_frees_its_port(connection: str) -> None:
    options = ("--serve", "--port", "0", "--no-open", "--as-of", "2026-11-20")
    with start("report", *options, connection=connection) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = next(line for line in process.stdout if "token=" in line)
        port = urlsplit(line.strip()).port
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGINT
        assert process.stderr.read() == "\ninterrupted\n"
    with socket.create_server(("127.0.0.1", port or 0)):
        pass
