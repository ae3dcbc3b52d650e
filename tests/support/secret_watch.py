"""Search everything that the program prints, logs and raises during a test for secrets.

`conftest` takes over its pytest hooks. It reads the program's log, the errors that it makes or that tests expect, the
output that tests read, and the output of the processes that they run. None of it may contain a token, code or client
secret of the sandbox, or a text that was a `Secret` during the test.
"""

from __future__ import annotations

import logging
import re
import subprocess
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from harvest_duck.connection import Secret
from harvest_duck.errors import HarvestDuckError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["SEEN", "Seen", "pytest_runtest_makereport", "pytest_runtest_setup", "watch"]

#: The secrets of the sandbox, fixed and generated, and those that tests make up.
KNOWN = re.compile(
    r"sandbox-(?:access|refresh|code)-[0-9a-f]{32}|sandbox-client-secret|"
    r"sandbox-(?:admin|manager|member|euro-admin)-token|t0ken-that-nobody-may-see"
)
#: Shorter texts may occur by chance.
_LONG = 16


class Seen:
    """The texts that were seen, each with its place, and the secrets of the test."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.secrets: set[str] = set()

    def begin(self) -> None:
        """Forget all texts and secrets."""
        self.texts.clear()
        self.secrets.clear()

    def see(self, where: str, text: object) -> None:
        """Record a text of a place; bytes are decoded, None is ignored."""
        if text is not None:
            self.texts.append((where, text.decode(errors="replace") if isinstance(text, bytes) else str(text)))

    def leaks(self) -> list[str]:
        """Return the places where a secret was seen, with the secret cut short."""
        found = []
        for where, text in self.texts:
            known = KNOWN.search(text)
            secret = known[0] if known else next((each for each in self.secrets if each in text), None)
            if secret is not None:
                found.append(f"{where} shows {secret[:12]}…: {text.replace(secret, '***')[:300]}")
        return found


SEEN = Seen()


class _Listener(logging.Handler):
    """Records every message of every logger, formatted as in a log file."""

    def emit(self, record: logging.LogRecord) -> None:
        SEEN.see(f"the log of {record.name}", self.format(record))


def watch() -> None:
    """Record from now on everything that this process and those that it starts print, log and raise."""
    logging.getLogger().addHandler(_Listener(0))
    logging.getLogger("harvest_duck").setLevel(logging.DEBUG)
    _wrap(
        Secret, "__init__", lambda arguments, _: SEEN.secrets.add(arguments[1]) if len(arguments[1]) >= _LONG else None
    )
    _wrap(subprocess.Popen, "communicate", lambda _, result: [SEEN.see("a process", each) for each in result])
    _wrap(pytest.CaptureFixture, "readouterr", lambda _, result: [SEEN.see("the output", each) for each in result])
    _wrap(
        CliRunner, "invoke", lambda _, result: [SEEN.see("a command", result.output), SEEN.see("it", result.exception)]
    )
    _wrap(pytest.RaisesExc, "__exit__", lambda arguments, _: _raised(arguments[2]))
    # Not __init__, which classes of the tree have of their own.
    HarvestDuckError.__new__ = staticmethod(_made)  # type: ignore[assignment,method-assign]


def pytest_runtest_setup() -> None:
    """Forget what earlier tests showed."""
    SEEN.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Return the report of a test; its teardown fails if a secret was seen."""
    report = yield
    if call.when == "teardown" and item.get_closest_marker("shows_secrets") is None:
        for title, content in report.sections:
            SEEN.see(title, content)
        leaks = SEEN.leaks()
        if leaks and report.passed:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: a secret was shown\n" + "\n".join(leaks)
    return report


def _made(kind: type[HarvestDuckError], *arguments: object, **_: object) -> HarvestDuckError:
    SEEN.see(f"a {kind.__name__}", " ".join(map(str, arguments)))
    return super(HarvestDuckError, kind).__new__(kind, *arguments)


def _raised(error: BaseException | None) -> None:
    """Record an error that a test expects, with the traceback that its user would see."""
    if error is not None:
        SEEN.see("a traceback", "".join(traceback.format_exception(error)))
        SEEN.see("an error", repr(error))


def _wrap(owner: type, name: str, listen: Any) -> None:
    method = getattr(owner, name)

    def heard(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named)
        listen(arguments, result)
        return result

    setattr(owner, name, heard)
