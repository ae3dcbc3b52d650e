"""Wrong bodies: a page of the sandbox with one fault in it.

Each fault is a function of the correct page and a random source. It returns False where it does not fit the page, such
as a fault of a record on a page without records.
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
#: Deeper than any record of Harvest, and less deep than the limit of a JSON reader.
_DEEP = 30


@dataclass(slots=True)
class Page:
    """A page to put a fault into: its `body`, its `url`, and records of `earlier` pages of the same list.

    `altered` holds the record whose values a fault changed, before and after.
    """

    body: dict[str, Any]
    url: str
    earlier: list[Record] = field(default_factory=list)
    altered: tuple[Record, Record] | None = None

    @property
    def key(self) -> str | None:
        """The key of the list of records; None if the body is a single record."""
        if "total_entries" not in self.body:
            return None
        return next((key for key, value in self.body.items() if isinstance(value, list)), None)

    @property
    def records(self) -> list[Any]:
        """The records, to change in place; a single record as a list of one."""
        return [self.body] if self.key is None else self.body[self.key]


def invalid_body(kind: Kind, body: bytes) -> bytes | None:
    """Return a body that is not a page; None for other kinds of faults."""
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


def apply_fault(kind: Kind, page: Page, rng: Random) -> bool:
    """Put the fault into `page`; False where it does not fit."""
    return kind in _FAULTS and _FAULTS[kind](page, rng)


def _total(wrong: Callable[[int, Random], object]) -> Callable[[Page, Random], bool]:
    def changed(page: Page, rng: Random) -> bool:
        total = page.body.get("total_entries")
        if not isinstance(total, int):
            return False
        page.body["total_entries"] = wrong(total, rng)
        return bool(page.body["total_entries"] != total)

    return changed


def _total_missing(page: Page, _: Random) -> bool:
    found: object = page.body.pop("total_entries", None)
    return found is not None


def _next(wrong: Callable[[Page], str | None]) -> Callable[[Page, Random], bool]:
    def changed(page: Page, _: Random) -> bool:
        links = page.body.get("links")
        if not isinstance(links, dict) or not links.get("next"):
            return False
        link = wrong(page)
        before, links["next"] = links["next"], link
        return bool(link != before)

    return changed


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


def _record_null(page: Page, rng: Random) -> bool:
    if page.key is None or not page.records:
        return False
    page.records[rng.randrange(len(page.records))] = None
    return True


def _in_record(wrong: Callable[[Record, Random], bool], *, alters: bool = False) -> Callable[[Page, Random], bool]:
    """Return a fault of one record, which the random source chooses; `alters` if it changes values."""

    def changed(page: Page, rng: Random) -> bool:
        if not page.records:
            return False
        record = page.records[rng.randrange(len(page.records))]
        before = dict(record)
        if not wrong(record, rng):
            return False
        if alters:
            page.altered = before, dict(record)
        return True

    return changed


def _id_null(record: Record, _: Random) -> bool:
    known = record.get("id") is not None
    record["id"] = None
    return known


def _id_missing(record: Record, _: Random) -> bool:
    return record.pop("id", None) is not None


def _some_key(record: Record, rng: Random) -> str | None:
    """Return the key of a value that is not null, other than the id."""
    keys = [key for key, value in record.items() if value is not None and key != "id"]
    return rng.choice(keys) if "id" in record and keys else None


def _key_null(record: Record, rng: Random) -> bool:
    key = _some_key(record, rng)
    if key is not None:
        record[key] = None
    return key is not None


def _key_missing(record: Record, rng: Random) -> bool:
    key = _some_key(record, rng)
    return key is not None and record.pop(key) is not None


def _ill_typed(record: Record, rng: Random) -> bool:
    keys = [key for key, value in record.items() if value is not None]
    if not keys:
        return False
    key = rng.choice(keys)
    record[key] = rng.choice(_others(record[key]))
    return True


def _others(value: object) -> list[object]:
    """Return values of JSON types other than that of `value`; integers and decimals are one type."""
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


def _twice_on_page(page: Page, rng: Random) -> bool:
    if page.key is None or not page.records:
        return False
    page.records.insert(rng.randrange(len(page.records) + 1), dict(rng.choice(page.records)))
    return True


def _twice_in_place(page: Page, rng: Random) -> bool:
    if page.key is None or len(page.records) < 2:  # noqa: PLR2004 - one and another
        return False
    one, other = rng.sample(range(len(page.records)), 2)
    page.records[one] = dict(page.records[other])
    return True


def _twice_on_pages(page: Page, rng: Random) -> bool:
    if page.key is None or not page.earlier:
        return False
    page.records.insert(0, dict(rng.choice(page.earlier)))
    return True


def _unknown_key(page: Page, rng: Random) -> bool:
    value = rng.choice([None, 7, "text", True, Decimal("1.5")])
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


_FAULTS: dict[Kind, Callable[[Page, Random], bool]] = {
    Kind.TOTAL_HIGHER: _total(lambda total, rng: total + rng.choice([1, 2, 1000])),
    Kind.TOTAL_LOWER: _total(lambda total, rng: rng.choice([max(0, total - 1), total // 2, 0])),
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
    Kind.ID_NULL: _in_record(_id_null),
    Kind.ID_MISSING: _in_record(_id_missing),
    Kind.KEY_NULL: _in_record(_key_null, alters=True),
    Kind.KEY_MISSING: _in_record(_key_missing, alters=True),
    Kind.ILL_TYPED: _in_record(_ill_typed),
    Kind.TWICE_ON_PAGE: _twice_on_page,
    Kind.TWICE_IN_PLACE: _twice_in_place,
    Kind.TWICE_ON_PAGES: _twice_on_pages,
    Kind.UNKNOWN_KEY: _unknown_key,
    Kind.UNKNOWN_NEST: _unknown_nest,
}
