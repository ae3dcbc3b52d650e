"""Bodies made wrong: a page of the sandbox with one thing in it that Harvest would not say.

A lie is a function of the true page, and of dice. Where it cannot be told about a page, because that has no records,
say, there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harvest_duck.sandbox.faults.schedule import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from harvest_duck.sandbox.wire import Record

_HTML = b"<!DOCTYPE html><html><body><h1>We are down for maintenance</h1></body></html>"
#: Deeper than any record of Harvest's, and less deep than what a reader may take for an attack.
_DEEP = 30


@dataclass(slots=True)
class Page:
    """A page to lie about: its `body`, the `url` that it answers, and the records of pages of the same list before.

    `misquoted` tells which record a lie changed, as it was and as it is told.
    """

    body: dict[str, Any]
    url: str
    earlier: list[Record] = field(default_factory=list)
    misquoted: tuple[Record, Record] | None = None

    @property
    def key(self) -> str | None:
        """The key of the list of records; None where the body is one record."""
        return listed(self.body)

    @property
    def records(self) -> list[Any]:
        """The records, to be changed in place; of one record that is the body, a list with it alone."""
        return [self.body] if self.key is None else self.body[self.key]


def listed(body: dict[str, Any]) -> str | None:
    """The key under which a body has its records; None where it is one record itself."""
    if "total_entries" not in body:
        return None
    return next((key for key, value in body.items() if isinstance(value, list)), None)


def garbled(kind: Kind, body: bytes) -> bytes | None:
    """A body that is no page; None for other kinds of lies."""
    match kind:
        case Kind.EMPTY:
            return b""
        case Kind.HTML:
            return _HTML
        case Kind.NOT_JSON:
            return body.replace(b":", b"=", 1)
        case Kind.CUT_JSON:
            return body[: len(body) // 2]
        case _:
            return None


def lie(kind: Kind, page: Page, dice: Random) -> bool:
    """Whether the page could be made wrong, which it is now."""
    return kind in _LIES and _LIES[kind](page, dice)


def _total(wrong: Callable[[int, Random], object]) -> Callable[[Page, Random], bool]:
    def lied(page: Page, dice: Random) -> bool:
        total = page.body.get("total_entries")
        if not isinstance(total, int):
            return False
        told = page.body["total_entries"] = wrong(total, dice)
        return told != total

    return lied


def _total_missing(page: Page, _: Random) -> bool:
    found: object = page.body.pop("total_entries", None)
    return found is not None


def _next(wrong: Callable[[Page], str | None]) -> Callable[[Page, Random], bool]:
    def told(page: Page, _: Random) -> bool:
        links = page.body.get("links")
        if not isinstance(links, dict) or not links.get("next"):
            return False
        link = wrong(page)
        before, links["next"] = links["next"], link
        return bool(link != before)

    return told


def _away(page: Page) -> str:
    link = urlsplit(page.body["links"]["next"])
    return str(link._replace(netloc="harvest.example").geturl())


def _previous(page: Page) -> str:
    links = page.body["links"]
    return str(links["previous"] or links["first"])


def _links_missing(page: Page, _: Random) -> bool:
    return page.body.pop("links", None) is not None


def _list_null(page: Page, _: Random) -> bool:
    if page.key is None:
        return False
    page.body[page.key] = None
    return True


def _list_missing(page: Page, _: Random) -> bool:
    return page.key is not None and page.body.pop(page.key) is not None


def _record_null(page: Page, dice: Random) -> bool:
    if page.key is None or not page.records:
        return False
    page.records[dice.randrange(len(page.records))] = None
    return True


def _of_a_record(wrong: Callable[[Record, Random], bool], *, misquotes: bool = False) -> Callable[[Page, Random], bool]:
    """A lie about a record that the dice choose."""

    def told(page: Page, dice: Random) -> bool:
        if not page.records:
            return False
        record = page.records[dice.randrange(len(page.records))]
        before = dict(record)
        if not wrong(record, dice):
            return False
        if misquotes:
            page.misquoted = before, dict(record)
        return True

    return told


def _id_null(record: Record, _: Random) -> bool:
    known = record.get("id") is not None
    record["id"] = None
    return known


def _id_missing(record: Record, _: Random) -> bool:
    return record.pop("id", None) is not None


def _value(record: Record, dice: Random) -> str | None:
    """The key of a value that is there, the id apart."""
    keys = [key for key, value in record.items() if value is not None and key != "id"]
    return dice.choice(keys) if "id" in record and keys else None


def _key_null(record: Record, dice: Random) -> bool:
    key = _value(record, dice)
    if key is not None:
        record[key] = None
    return key is not None


def _key_missing(record: Record, dice: Random) -> bool:
    key = _value(record, dice)
    return key is not None and record.pop(key) is not None


def _ill_typed(record: Record, dice: Random) -> bool:
    keys = [key for key, value in record.items() if value is not None]
    if not keys:
        return False
    key = dice.choice(keys)
    record[key] = dice.choice(_others(record[key]))
    return True


def _others(value: object) -> list[object]:
    """Values of other JSON types than that of `value`; a whole number is a decimal as well."""
    match value:
        case bool():
            return ["yes", 1, [True], {"value": True}]
        case int() | Decimal() | float():
            return ["a text", [1], {"value": 1}, True]
        case str():
            return [7, [value], {"value": value}, True]
        case list():
            return ["a text", 7, {"value": 1}]
        case _:
            return ["a text", 7, [1]]


def _twice_on_page(page: Page, dice: Random) -> bool:
    if page.key is None or not page.records:
        return False
    page.records.insert(dice.randrange(len(page.records) + 1), dict(dice.choice(page.records)))
    return True


def _twice_in_place(page: Page, dice: Random) -> bool:
    if page.key is None or len(page.records) < 2:  # noqa: PLR2004 - one and another
        return False
    one, other = dice.sample(range(len(page.records)), 2)
    page.records[one] = dict(page.records[other])
    return True


def _twice_on_pages(page: Page, dice: Random) -> bool:
    if page.key is None or not page.earlier:
        return False
    page.records.insert(0, dict(dice.choice(page.earlier)))
    return True


def _unknown_key(page: Page, dice: Random) -> bool:
    value = dice.choice([None, 7, "text", True, Decimal("1.5")])
    for each in (page.body, *page.records):
        each["added_by_harvest"] = value
    return True


def _unknown_nest(page: Page, _: Random) -> bool:
    nest: object = "deep"
    for depth in range(_DEEP):
        nest = [nest, {}] if depth % 2 else {"id": nest, "links": {"next": "here"}}
    for each in (page.body, *page.records):
        each["added_by_harvest"] = nest
    return True


_LIES: dict[Kind, Callable[[Page, Random], bool]] = {
    Kind.TOTAL_HIGHER: _total(lambda total, dice: total + dice.choice([1, 2, 1000])),
    Kind.TOTAL_LOWER: _total(lambda total, dice: dice.choice([max(0, total - 1), total // 2, 0])),
    Kind.TOTAL_NULL: _total(lambda _, __: None),
    Kind.TOTAL_TEXT: _total(lambda _, __: "many"),
    Kind.TOTAL_MISSING: _total_missing,
    Kind.NEXT_SAME: _next(lambda page: page.url),
    Kind.NEXT_FIRST: _next(lambda page: str(page.body["links"]["first"])),
    Kind.NEXT_PREVIOUS: _next(_previous),
    Kind.NEXT_AWAY: _next(_away),
    Kind.NEXT_GARBAGE: _next(lambda _: "::://no address"),
    Kind.NEXT_NULL: _next(lambda _: None),
    Kind.LINKS_MISSING: _links_missing,
    Kind.LIST_NULL: _list_null,
    Kind.LIST_MISSING: _list_missing,
    Kind.RECORD_NULL: _record_null,
    Kind.ID_NULL: _of_a_record(_id_null),
    Kind.ID_MISSING: _of_a_record(_id_missing),
    Kind.KEY_NULL: _of_a_record(_key_null, misquotes=True),
    Kind.KEY_MISSING: _of_a_record(_key_missing, misquotes=True),
    Kind.ILL_TYPED: _of_a_record(_ill_typed),
    Kind.TWICE_ON_PAGE: _twice_on_page,
    Kind.TWICE_IN_PLACE: _twice_in_place,
    Kind.TWICE_ON_PAGES: _twice_on_pages,
    Kind.UNKNOWN_KEY: _unknown_key,
    Kind.UNKNOWN_NEST: _unknown_nest,
}
