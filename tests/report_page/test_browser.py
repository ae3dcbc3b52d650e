"""The page in a real browser: light and dark, from a phone to paper, with and without scripts."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.browser import accessible, expect, launched
from support.report_figures import HOSTILE, VARIANTS

from harvest_duck.report_page.form import Form
from harvest_duck.report_page.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from harvest_duck.report_page.model import Figures

WIDTHS = (320, 390, 820, 1320)
#: What is wider than its card, or than the page.
_TOO_WIDE = """() => {
    const wide = [...document.querySelectorAll(".card, .headlines, .tile, .top, .story, .choices")].filter(
        (each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.id || each.className);
    return document.documentElement.scrollWidth > innerWidth ? ["the page", ...wide] : wide;
}"""
_OPEN = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
_LARGEST = 250_000
_SHEETS = 3
#: What a page has besides where a server shows it.
_FORM = Form(action="/", refresh="/refresh", age="read from Harvest 3 minutes ago", notice="12 requests are left.")


def _thorough(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.thorough)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@contextmanager
def _shown(
    browser: Browser, figures: Figures, directory: Path, *, form: Form | None = None, **given: Any
) -> Iterator[Page]:
    """The page of these figures, from a file; fail if it asks for anything, or if the browser has something to say."""
    file = directory / "report.html"
    file.write_text(page(figures, form=form), "utf-8")
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
        shown.set_viewport_size({"width": WIDTHS[1], "height": 900})
        accessible(shown, without=["color-contrast"])


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1320)])
@pytest.mark.thorough
@pytest.mark.uncounted
def test_everybody_can_read_its_colours(browser: Browser, tmp_path: Path, scheme: Any, width: int) -> None:
    form = _FORM if scheme == "dark" else None
    with _shown(browser, VARIANTS["small"], tmp_path, form=form, color_scheme=scheme) as shown:
        shown.evaluate(_OPEN)
        shown.set_viewport_size({"width": width, "height": 900})
        accessible(shown)


@pytest.mark.parametrize("name", ["hostile", *map(_thorough, ("unseen", "empty", "forty people"))])
@pytest.mark.uncounted
def test_an_account_that_is_hard_to_draw_fits(browser: Browser, tmp_path: Path, name: str) -> None:
    with _shown(browser, VARIANTS[name], tmp_path, form=_FORM) as shown:
        if name == "hostile":
            assert shown.title() == f"{HOSTILE[0]}: how the agency is doing"
            shown.locator(".bar").first.hover()
            expect(shown.locator("#tip")).to_contain_text("Billable")
        shown.evaluate(_OPEN)
        for width in (WIDTHS[0], WIDTHS[-1]):
            shown.set_viewport_size({"width": width, "height": 900})
            assert shown.evaluate(_TOO_WIDE) == [], width


@pytest.mark.uncounted
def test_it_works_without_scripts_and_on_few_sheets(browser: Browser, tmp_path: Path) -> None:
    with _shown(browser, VARIANTS["agency"], tmp_path, java_script_enabled=False) as shown:
        table = shown.get_by_role("region", name="Utilization by week, as a table")
        expect(table).to_be_hidden()
        shown.get_by_text("Table of Utilization by week").click()
        expect(table).to_be_visible()
        expect(shown.locator("#tip")).to_be_hidden()
        printed = shown.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= _SHEETS
