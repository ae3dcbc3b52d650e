"""The site of the documentation as it was built: HARVEST_DUCK_SITE names the directory, which .ci/docs makes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from support.browser import accessible, launched
from support.command_reference import commands

import harvest_duck
from harvest_duck import connections, errors
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import PROPERTIES
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SITE = Path(os.environ.get("HARVEST_DUCK_SITE", ""))
pytestmark = pytest.mark.skipif(Path() == SITE, reason="no site was built: .ci/docs builds one")
#: What a page loads, by the element and its attribute. An <a> and a <link> to what comes next load nothing.
LOADING = {
    ("img", "src"), ("img", "srcset"), ("source", "srcset"), ("source", "src"), ("script", "src"), ("iframe", "src"),
    ("video", "src"), ("object", "data"), ("embed", "src"), ("use", "href"), ("image", "href"), ("form", "action"),
}  # fmt: skip
LOADING_LINKS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest", "preconnect", "dns-prefetch"}


@dataclass(slots=True)
class Read(HTMLParser):
    """What a page holds: its anchors, where it leads, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one element."""
        given = dict(attrs)
        self.anchors.update(filter(None, (given.get("id"), given.get("name") if tag == "a" else None)))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag == "link" and set((given.get("rel") or "").split()) & LOADING_LINKS:
            self.loaded.append(given.get("href") or "")
        self.loaded += [value or "" for name, value in attrs if (tag, name) in LOADING]
        self.loaded += re.findall(r"url\(['\"]?([^'\")]+)", given.get("style") or "")


@cache
def read(page: Path) -> Read:
    found = Read()
    found.feed(page.read_text("utf-8"))
    return found


def pages() -> list[Path]:
    return sorted(SITE.rglob("*.html"))


def test_no_page_loads_anything_of_another_host() -> None:
    assert len(pages()) > 30
    for page in pages():
        assert not [each for each in read(page).loaded if urlsplit(each).netloc], page


def test_everything_that_a_page_loads_is_there() -> None:
    for page in pages():
        for each in map(urlsplit, read(page).loaded):
            within = each.scheme == "data" or not each.path
            assert within or (page.parent / unquote(each.path)).is_file(), (page, each)


def test_no_style_sheet_loads_anything_of_another_host() -> None:
    for sheet in SITE.rglob("*.css"):
        named = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", sheet.read_text("utf-8"))
        assert not [each for pair in named for each in pair if urlsplit(each).netloc], sheet


def test_every_link_within_the_site_leads_to_a_page_and_an_anchor() -> None:
    for page in pages():
        for link in map(urlsplit, read(page).links):
            if link.scheme:
                continue
            target = (page.parent / unquote(link.path)).resolve() if link.path else page.resolve()
            assert target.exists(), (page, link)
            if link.fragment and target.suffix == ".html":
                assert unquote(link.fragment) in read(target).anchors, (page, link)


def places(page: str, *names: str) -> set[str]:
    """Those of the names that have no place on a page of the site."""
    return set(names) - read(SITE / f"{page}.html").anchors


def test_everything_that_has_a_name_has_its_place() -> None:
    for folder, known in (("tables", TABLES), ("views", load.views())):
        assert {page.stem for page in (SITE / folder).iterdir()} == set(known)
    assert not places("connection-strings", *(entry.name for entry in PROPERTIES.values()))
    assert not places("errors", *(name.lower() for name in errors.__all__ if name != "HarvestDuckError"))
    assert not places("commands", *(name.replace(" ", "-") for name, _ in commands()))
    assert not places("api", *(f"harvest_duck.{name}" for name in harvest_duck.__all__ if name != "HarvestDuckError"))
    assert not places("api", *(f"harvest_duck.connections.{name}" for name in connections.__all__))
    assert not places("api", *(f"harvest_duck.errors.{name}" for name in errors.__all__))
    for name, table in TABLES.items():
        assert not places(f"tables/{name}", *(column.name for column in table.columns))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (390, "dark")])
@pytest.mark.parametrize("name", ["index", "tables/invoices", "api", "errors", "command-line"])
def test_everybody_can_read_it_on_a_screen_and_on_a_phone(name: str, width: int, scheme: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((SITE / f"{name}.html").resolve().as_uri())
    # The contrast of a thousand parts of signatures takes most of a minute; they have the colours of other code.
    accessible(page, without=["color-contrast"] if name == "api" else [])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not [each for each in asked if urlsplit(each).scheme not in {"file", "data"}]
    page.close()


def test_the_search_finds_a_page_without_a_server(browser: Browser) -> None:
    page = browser.new_page()
    page.goto((SITE / "search.html").resolve().as_uri() + "?q=overdue")
    page.wait_for_selector("#search-results li a")
    assert "invoices" in page.inner_text("#search-results")
    page.close()
