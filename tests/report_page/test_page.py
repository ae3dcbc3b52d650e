"""The page as text: what may stand in it, and where each of its numbers comes from."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from support.report_figures import CARDS, HOSTILE, VARIANTS, agency, nothing_but

from harvest_duck.report_page.charts import plain
from harvest_duck.report_page.form import Form
from harvest_duck.report_page.model import Unseen, Utilization
from harvest_duck.report_page.numbers import Numbers
from harvest_duck.report_page.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.report_page.model import Figures

every_variant = pytest.mark.parametrize("name", VARIANTS)
_VOID = {"meta", "input", "br", "rect", "line", "polyline", "path"}
#: A number as the page writes it: with separators of thousands, a decimal symbol, and thousands or millions.
_NUMBER = re.compile(r"\u2212?\d+(?:[,.\u00a0]\d+)*[km]?(?:\u00a0%)?")
#: Numbers that are words: shares and days that the legends and sentences name.
_WORDS = {"100\u00a0%", "115\u00a0%", "0", "30", "31", "60", "61", "90", "1", "365"}


class Parsed(HTMLParser):
    """The elements of a page, with their attributes, and its texts, each with the elements around it."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element, and that its texts are to come."""
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag not in _VOID:
            self._open.append(f"{tag}.{given.get('class', '')}")

    def handle_endtag(self, tag: str) -> None:
        """Check that it ends what began last."""
        if tag not in _VOID:
            assert self._open.pop().partition(".")[0] == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if data.strip():
            self.texts.append((tuple(self._open), data))

    def inside(self, tag: str) -> list[str]:
        """Return the texts right within elements of this tag."""
        return [text for around, text in self.texts if around[-1].partition(".")[0] == tag]


@cache
def _drawn(name: str) -> str:
    return page(VARIANTS[name])


@cache
def _parsed(name: str) -> Parsed:
    return Parsed(_drawn(name))


@pytest.mark.parametrize("name", ["small", "hostile", "empty"])
def test_the_same_figures_are_the_same_bytes(name: str) -> None:
    assert page(replace(VARIANTS[name])) == _drawn(name)


@every_variant
def test_a_page_asks_nobody_anything_and_allows_its_one_style_and_script_alone(name: str) -> None:
    assert _drawn(name).startswith("<!doctype html>\n")
    assert "None" not in _drawn(name)
    parsed = _parsed(name)
    (style,), (script,) = parsed.inside("style"), parsed.inside("script")
    (policy,) = (
        attributes["content"] for _, attributes in parsed.elements if "Policy" in attributes.get("http-equiv", "")
    )
    hashes = [b64encode(sha256(source.encode()).digest()).decode() for source in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style
    tags = {tag for tag, _ in parsed.elements}
    assert tags.isdisjoint({"link", "img", "iframe", "object", "embed", "form", "base", "use", "image"})
    for tag, attributes in parsed.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on") or name == "src"], tag
        assert attributes.get("href", "#").startswith("#")


@every_variant
def test_links_and_labels_lead_to_something(name: str) -> None:
    parsed = _parsed(name)
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in parsed.elements:
        if "href" in attributes:
            assert attributes["href"].removeprefix("#") in ids
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)


def test_text_from_harvest_is_text() -> None:
    drawn, parsed, harmless = _drawn("hostile"), _parsed("hostile"), _parsed("agency")
    assert {tag for tag, _ in parsed.elements} <= {tag for tag, _ in harmless.elements}
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    names = parsed.inside("bdi")
    for each in HOSTILE:
        assert plain(each) in names
    assert "49" not in names
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff]", drawn)
    # What turns text around stays within its own element, or between the marks that isolate it.
    for around, text in parsed.texts:
        assert "\u202e" not in text or around[-1] in {"bdi.", "title.", "p.limit", "p."}


def test_no_number_is_made_on_the_page() -> None:
    figures = agency()
    allowed = _WORDS | set(_written(figures, Numbers(",", ".")))
    for around, text in _parsed("agency").texts:
        if around[-1].startswith(("style", "script", "bdi", "text.tick end", "title")):
            continue
        for number in _NUMBER.findall(text):
            assert number in allowed, (around, text)


def _written(value: Any, n: Numbers) -> Iterator[str]:
    """Yield every way to write the values of some figures."""
    match value:
        case Decimal() | int():
            yield from (n.number(value, digits) for digits in (0, 1, 2))
            yield n.short(value)
            yield from (n.percent(Decimal(value), digits) for digits in (0, 1))
        case date():
            yield from (str(value.day), str(value.year))
        case tuple() | dict():
            yield str(len(value))
            for each in value.values() if isinstance(value, dict) else value:
                yield from _written(each, n)
        case _ if is_dataclass(value):
            derived = ("utilization", "billable_utilization")
            names = {field.name for field in fields(value)} | {name for name in derived if hasattr(value, name)}
            for name in names:
                yield from _written(getattr(value, name), n)


def test_separators_are_those_of_the_account() -> None:
    texts = [text for _, text in _parsed("separators").texts]
    assert "21\u00a0344,0" in texts
    assert "21,344.0" not in texts


def test_every_card_has_its_table_and_its_definition_word_for_word() -> None:
    figures, parsed = VARIANTS["agency"], _parsed("agency")
    told = [text for around, text in parsed.texts if "details." in around]
    for name in CARDS:
        assert figures.definitions[name] in told
    cards = [attributes for tag, attributes in parsed.elements if tag == "section" and "card" in attributes["class"]]
    assert len(cards) == len(CARDS) + 1  # utilization is by week and by person
    assert told.count("Table") == told.count("How it is counted") == len(cards) + 1  # and the headline figures
    # That of a headline figure stands beside the figure as well.
    assert told.count(f" {figures.definitions['receivables']}") == 1


def test_whose_eyes_a_page_was_made_with_stands_on_it() -> None:
    figures = nothing_but("utilization", "gaps")
    assert isinstance(figures.utilization, Utilization)
    part = replace(figures.utilization, limited_to="Ada Moreau and 5 teammates", unfiltered="All clients are in it.")
    drawn = page(replace(figures, utilization=part))
    texts = " ".join(text.strip() for _, text in Parsed(drawn).texts)
    assert "as Ada Moreau sees Harvest, manager" in texts
    assert "Limited to Ada Moreau and 5 teammates ." in texts
    assert "All clients are in it." in texts
    hidden = [name for name in CARDS if isinstance(getattr(figures, name), Unseen)]
    assert texts.count("Harvest shows it to administrators alone.") == len(hidden)
    # What is not seen has no headline, no place among the links and no sentence.
    assert "Overdue" not in texts
    assert "invoiced, and" not in texts


def test_the_story_says_of_whom_it_is() -> None:
    figures = VARIANTS["small"]
    assert "The team worked 105 % of its capacity" in _story(figures)
    assert "1,734" not in _story(figures)
    assert not isinstance(figures.utilization, Unseen)
    assert not isinstance(figures.budgets, Unseen)
    part = replace(figures.utilization, limited_to="Ada Moreau and 5 teammates")
    few = replace(figures.budgets, limited_to="the projects that Ada Moreau manages")
    limited = _story(replace(figures, utilization=part, budgets=few))
    assert "Ada Moreau and 5 teammates worked 105 % of the capacity" in limited
    assert "2 of 6 running budgets are used up, of the projects that Ada Moreau manages." in limited
    # The sentences are about the chosen client, and this figure is not.
    every = replace(figures.utilization, unfiltered="All clients are in it.")
    assert "worked" not in _story(replace(figures, utilization=every, client=figures.clients[0]))
    assert "No figure can be shown with the token of Ada Moreau." in _story(VARIANTS["unseen"])


def _story(figures: Figures) -> str:
    texts = [text.strip() for around, text in Parsed(page(figures)).texts if "p.story" in around]
    return " ".join(" ".join(texts).split()).replace(" .", ".")


def test_the_page_of_an_account_without_anything_says_so_and_draws_nothing() -> None:
    parsed = _parsed("empty")
    assert [tag for tag, _ in parsed.elements if tag in {"svg", "table", "nav"}] == []
    texts = " ".join(text for _, text in parsed.texts)
    assert "There is nothing to count yet" in texts
    assert "No running project has a budget." in texts


def test_what_is_the_same_for_all_or_nothing_has_a_sentence() -> None:
    figures = VARIANTS["small"]
    assert not isinstance(figures.utilization, Unseen)
    assert not isinstance(figures.lock_up, Unseen)
    idle = tuple(replace(person, billable_hours=Decimal(0)) for person in figures.utilization.people)
    none = tuple(replace(row, wip_days=Decimal(0), debtor_days=None) for row in figures.lock_up.rows)
    drawn = page(
        replace(
            figures,
            utilization=replace(figures.utilization, people=idle),
            lock_up=replace(figures.lock_up, rows=none),
        )
    )
    assert "Everybody sold 0\u00a0% of their capacity" in drawn
    assert "Nothing is tied up, or there is no revenue to measure it by." in drawn


def test_the_page_of_a_server_has_a_form() -> None:
    figures = replace(VARIANTS["small"], client=VARIANTS["small"].clients[1])
    form = Form(
        action="/", refresh="/refresh", age="read 3 minutes ago", hidden=(("as-of", "2026-11-20"),), notice="12 <left>"
    )
    drawn = page(figures, form=form)
    parsed = Parsed(drawn)
    forms = [attributes for tag, attributes in parsed.elements if tag == "form"]
    assert forms == [{"method": "get", "action": "/"}, {"method": "post", "action": "/refresh"}]
    named = [attributes["name"] for tag, attributes in parsed.elements if tag in {"input", "select"}]
    assert named == ["as-of", "from", "to", "client", "person"]
    chosen = [
        attributes["value"] for tag, attributes in parsed.elements if tag == "option" and "selected" in attributes
    ]
    assert chosen == ["1"]
    assert "form-action &#39;self&#39;" in drawn
    assert "12 &lt;left&gt;" in drawn
    assert 'http-equiv="refresh"' not in drawn
    assert '<meta http-equiv="refresh" content="1">' in page(figures, form=replace(form, reload_s=1))


def test_a_page_of_two_years_or_of_a_day_has_labels_that_have_room() -> None:
    figures = VARIANTS["small"]
    assert isinstance(figures.utilization, Utilization)
    week = figures.utilization.weeks[5]
    firsts = [date(2025, 1, 6) + timedelta(weeks=n) for n in range(100)]
    long = replace(figures.utilization, weeks=tuple(replace(week, first=first) for first in firsts))
    labels = _labels(page(replace(figures, utilization=long)))
    assert labels == ["2025", "Apr", "Jul", "Oct", "2026", "Apr", "Jul", "Oct"]
    one = replace(figures.utilization, weeks=(week,))
    assert _labels(page(replace(figures, utilization=one))) == ["2\u00a0Feb"]


def _labels(drawn: str) -> list[str]:
    """Return the labels below the first chart."""
    found = re.search(r'<svg class="axis-x".*?</svg>', drawn)
    assert found
    return re.findall(r">([^<>]+)</text>", found[0])
