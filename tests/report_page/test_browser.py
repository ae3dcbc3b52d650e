"""The page in a real browser: light and dark, from a phone to paper, with and without scripts."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.browser import accessible, expect, launched
from support.report_figures import HOSTILE, VARIANTS

from harvest_duck.report_page.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from harvest_duck.report_page.model import Figures

WIDTHS = (320, 390, 820, 1320)
#: What is wider than its card, or than the page.
_TOO_WIDE = """() => {
    const wide = [...document.querySelectorAll(".card, .headlines, .tile, .top, .story")].filter(
        (each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.id || each.className);
    return document.documentElement.scrollWidth > innerWidth ? ["the page", ...wide] : wide;
}"""
_OPEN = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
_LARGEST = 250_000
_SHEETS = 3


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@contextmanager
def _shown(browser: Browser, figures: Figures, directory: Path, **given: Any) -> Iterator[Page]:
    """The page of these figures, from a file; fail if it asks for anything, or if the browser has something to say."""
    file = directory / "report.html"
    file.write_text(page(figures), "utf-8")
    assert file.stat().st_size <= _LARGEST
    shown = browser.new_page(**given)
    asked: list[str] = []
    said: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(file.as_uri())
    yield shown
    shown.close()
    assert asked == [file.as_uri()]
    assert said == []


@pytest.mark.uncounted
def test_everybody_can_read_it_at_any_width(browser: Browser, tmp_path: Path) -> None:
    """But for the contrast of its colours, which takes most of the time: `test_style.py` computes it."""
    with _shown(browser, VARIANTS["small"], tmp_path) as shown:
        shown.evaluate(_OPEN)
        for width in WIDTHS:
            shown.set_viewport_size({"width": width, "height": 900})
            assert shown.evaluate(_TOO_WIDE) == [], width
            accessible(shown, without=["color-contrast"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.thorough
@pytest.mark.uncounted
def test_its_colours_can_be_told_apart(browser: Browser, tmp_path: Path, scheme: str) -> None:
    with _shown(browser, VARIANTS["small"], tmp_path, color_scheme=scheme) as shown:
        shown.evaluate(_OPEN)
        accessible(shown)


@pytest.mark.uncounted
def test_accounts_that_are_hard_to_draw_fit(browser: Browser, tmp_path: Path) -> None:
    with _shown(browser, VARIANTS["agency"], tmp_path) as shown:
        for name in ("seven currencies", "hostile", "empty", "unseen", "people alone", "forty people"):
            shown.set_content(page(VARIANTS[name]))
            shown.evaluate(_OPEN)
            for width in (WIDTHS[0], WIDTHS[-1]):
                shown.set_viewport_size({"width": width, "height": 900})
                assert shown.evaluate(_TOO_WIDE) == [], (name, width)


@pytest.mark.uncounted
def test_names_that_try_something_stay_text(browser: Browser, tmp_path: Path) -> None:
    with _shown(browser, VARIANTS["hostile"], tmp_path) as shown:
        assert shown.title() == f"{HOSTILE[0]}: how the agency is doing"
        assert shown.locator("script").count() == 1
        shown.locator(".bar").first.hover()
        expect(shown.locator("#tip")).to_contain_text("Billable")


@pytest.mark.uncounted
def test_it_prints_on_few_sheets(browser: Browser, tmp_path: Path) -> None:
    with _shown(browser, VARIANTS["agency"], tmp_path) as shown:
        printed = shown.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= _SHEETS


@pytest.mark.uncounted
def test_it_works_without_scripts(browser: Browser, tmp_path: Path) -> None:
    with _shown(browser, VARIANTS["agency"], tmp_path, java_script_enabled=False) as shown:
        table = shown.get_by_role("region", name="Utilization by week, as a table")
        expect(table).to_be_hidden()
        shown.get_by_text("Table of Utilization by week").click()
        expect(table).to_be_visible()
        expect(shown.locator("#tip")).to_be_hidden()
