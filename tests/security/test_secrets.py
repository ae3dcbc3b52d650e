"""The search for secrets in everything that the program prints, logs and raises finds them."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from support.paths import TESTS
from support.secret_watch import SEEN, Seen

from harvest_duck.connection import Secret
from harvest_duck.errors import ConnectionStringError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "sandbox-access-" + "0123456789abcdef" * 2


def log() -> None:
    logging.getLogger("harvest_duck").debug("with %s", TOKEN)


def make_an_error() -> None:
    ServerError(f"500 for {TOKEN}", status=500)


def expect_an_error() -> None:
    with pytest.raises(ValueError, match="with"):
        raise ValueError(f"with {TOKEN}")


def expect_a_cause() -> None:
    cause = KeyError(TOKEN)
    with pytest.raises(ConnectionStringError, match="plain"):
        raise ConnectionStringError("plain") from cause


def run_a_process() -> None:
    subprocess.run([sys.executable, "-c", f"import sys; sys.stderr.write({TOKEN!r})"], capture_output=True, check=True)


def invoke_a_command() -> None:
    CliRunner().invoke(click.Command("x", callback=lambda: click.echo(TOKEN)))


@pytest.mark.shows_secrets
@pytest.mark.parametrize("show", [log, make_an_error, expect_an_error, expect_a_cause, run_a_process, invoke_a_command])
def test_a_secret_is_seen(show: Callable[[], None]) -> None:
    assert SEEN.leaks() == []
    show()
    leaks = SEEN.leaks()
    assert leaks
    assert all(TOKEN not in leak for leak in leaks)


@pytest.mark.shows_secrets
def test_output_that_a_test_reads_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stderr.write(TOKEN)
    capsys.readouterr()
    leaks = SEEN.leaks()
    assert leaks


@pytest.mark.shows_secrets
def test_any_text_that_was_a_secret_is_seen() -> None:
    text = "a-verifier-that-nobody-else-knows"
    Secret(text)
    logging.getLogger("elsewhere").warning("%s", text)
    leaks = SEEN.leaks()
    assert leaks


def test_what_shows_no_secret_is_fine() -> None:
    seen = Seen()
    seen.secrets.add(TOKEN)
    seen.see("here", b"sandbox-access and nothing more")
    seen.see("here", None)
    assert seen.leaks() == []
    seen.see("there", f"Bearer {TOKEN}")
    assert [leak.split(" shows ")[0] for leak in seen.leaks()] == ["there"]


@pytest.mark.shows_secrets
def test_a_test_that_shows_a_secret_fails(pytester: pytest.Pytester) -> None:
    """With the plugin of this suite, in a suite of its own."""
    pytester.makeconftest(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "from support.secret_watch import *\n"
        "from support.secret_watch import watch as pytest_configure\n"
    )
    pytester.makepyfile(
        f"def test_shows(): print({TOKEN!r})\n"
        f"def test_logs():\n    import logging; logging.getLogger('x').warning({TOKEN!r})\n"
        "def test_is_quiet(): print('nothing')\n"
    )
    ended = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    ended.assert_outcomes(passed=3, errors=2)
