"""The page about the doctor shows a report, and names the checks and the keys of its JSON, as they are.

`UPDATE_README=1 pytest tests/docs/test_doctor.py` writes the report anew.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime

import click
from support.examples import UPDATE
from support.paths import DOCS

from harvest_duck.cli.doctor import lines
from harvest_duck.diagnosis.facts import (
    Configuration,
    Connected,
    Facts,
    Limits,
    Space,
    Step,
    Token,
    Versions,
    Way,
)
from harvest_duck.diagnosis.model import FORMAT, Check, Finding, Report, Status
from harvest_duck.diagnosis.report import report

PATH = DOCS / "doctor.md"
PAGE = PATH.read_text("utf-8")
HOME = "/home/ada"
UNREACHED = Way(
    host="api.harvestapp.com",
    port=443,
    addresses=("203.0.113.7",),
    failed=Step.CONNECTION,
    reason="203.0.113.7: no answer within 5 s",
    unread_proxy="HTTPS_PROXY",
)
#: A laptop in the network of a company, which lets nothing out but through its proxy.
FACTS = Facts(
    now=datetime(2026, 11, 20, tzinfo=UTC),
    offline=False,
    versions=Versions(
        harvest_duck="0.1.0",
        python=(3, 12, 8),
        implementation="CPython",
        packages={"duckdb": "2.0.1", "pyarrow": "26.0.1", "aiohttp": "3.14.5"},
        system="Linux 6.8.0 (x86_64)",
    ),
    configuration=Configuration(
        path=f"{HOME}/.config/harvest_duck/connections.toml",
        home=True,
        exists=True,
        names=("acme",),
        variables=(),
        token_from="DSN acme",
        application_from=None,
        account_from="DSN acme",
    ),
    spaces=[Space("limits and sign-ins", f"{HOME}/.cache/harvest_duck/limits", 79_027_371_417)],
    connected=Connected(
        wanted=(123456,),
        api=UNREACHED,
        id=replace(UNREACHED, host="id.getharvest.com"),
        token=Token("personal access token"),
        limits=Limits(f"{HOME}/.cache/harvest_duck/limits", None, None, 100, 15.0, 0),
    ),
)


def keys(text: str) -> list[str]:
    """The first column of a table."""
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def part(name: str) -> str:
    """The marked part of the page."""
    return PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]


def test_the_report_on_the_page_is_one() -> None:
    shown = click.unstyle("\n".join(lines(report(FACTS), 80)))
    found = re.search(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert found
    if UPDATE:
        PATH.write_text(PAGE[: found.start(1)] + shown + PAGE[found.end(1) :], encoding="utf-8")
    assert UPDATE or found[1] == shown


def test_the_page_names_every_check_and_key() -> None:
    assert keys(part("checks")) == list(Check)
    assert keys(part("finding")) == [each.name for each in fields(Finding)]
    assert keys(PAGE.partition("## As JSON")[2].partition("Each finding")[0]) == list(Report(()).record)
    assert re.findall(r"`(\w+)`", re.search(r"\| `status` \| (.*) \|", PAGE)[1]) == list(Status)  # type: ignore[index]
    assert f"`{FORMAT}`" in PAGE
