"""Signing in with a real browser: the command, the consent, the page at the end, queries, and a token that expires."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.browser import accessible, expect, launched
from support.clocks import PATIENCE_S
from support.command import run, start
from support.sign_in import token_requests

from harvest_duck.auth import result_page as pages
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from harvest_duck.sandbox import Sandbox

QUERY = ("query", "SELECT count(*) AS clients FROM harvest.clients", "--format", "csv")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for all tests."""
    with launched() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page in a browser context of its own."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipe through which the program in BROWSER passes its address to the test."""
    pipe = tmp_path / "address"
    os.mkfifo(pipe)
    program = tmp_path / "browser.py"
    program.write_text(f"import pathlib, sys\npathlib.Path({str(pipe)!r}).write_text(sys.argv[1])\n")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {program} %s")
    return pipe


def test_login_query_expiry_and_query_again(harvest: Sandbox, connection: str, page: Page, address: Path) -> None:
    login = start("login", connection=connection)
    page.goto(address.read_text())
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="You are signed in to Harvest")).to_be_visible()
    expect(page.get_by_text("harvest_duck can now read what Ada Moreau may read in Harbour & Vale")).to_be_visible()
    accessible(page)
    out, err = login.communicate(timeout=PATIENCE_S)
    assert (login.returncode, out) == (0, ""), err
    rows = f"clients\n{len(harvest.records(MAIN_ID, 'clients'))}\n"
    first = run(*QUERY, connection=connection)
    assert (first.stdout, first.stderr) == (rows, "")
    assert token_requests(harvest) == ["authorization_code"]
    harvest.expire_access_tokens()
    second = run(*QUERY, connection=connection)
    assert (second.stdout, second.stderr) == (rows, "")
    assert token_requests(harvest) == ["authorization_code", "refresh_token"]
    third = run(*QUERY, connection=connection)
    assert (third.stdout, third.stderr) == (rows, "")
    assert token_requests(harvest) == ["authorization_code", "refresh_token"]


def test_the_page_says_that_consent_was_denied(connection: str, page: Page, address: Path) -> None:
    login = start("login", connection=connection)
    page.goto(address.read_text())
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="The sign-in did not work")).to_be_visible()
    expect(page.get_by_text("The consent was denied: run harvest-duck login again")).to_be_visible()
    accessible(page)
    _, err = login.communicate(timeout=PATIENCE_S)
    assert login.returncode == 1
    assert err.splitlines()[-1].startswith("harvest-duck: the consent was denied: run `harvest-duck login` again")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_can_be_read_by_everybody(chromium: Browser, scheme: str, width: int) -> None:
    """In light and dark, and on a small screen without scrolling sideways."""
    context = chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 700}
    )
    page = context.new_page()
    for shown in (
        pages.success("Ada Moreau", "Harbour & Vale (1000001) and Harbour & Vale Europe (1000002)"),
        pages.failure("the redirect carries no state and was refused: run `harvest-duck login` again"),
    ):
        page.set_content(shown)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
