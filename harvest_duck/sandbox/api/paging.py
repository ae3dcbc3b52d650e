"""Pages: the records of one response, and the envelope around them with links to the other pages.

There are two styles, see https://help.getharvest.com/api-v2/introduction/overview/pagination/. By page: `page=N` and
links with numbers. By cursor: the next link carries an opaque cursor, base64 of JSON that names a record, while `page`,
`next_page` and `previous_page` are null on all but the first and the last page; `page=` is deprecated there but works,
and a cursor overrides it. The first and last links have numbers in both styles. Beyond the last page the list is empty.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from harvest_duck.sandbox.api.filters import UNPROCESSABLE, parse_integer, single_value
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from multidict import MultiMapping

    from harvest_duck.sandbox.data.table_index import Selection
    from harvest_duck.sandbox.wire import Record

LARGEST = 2000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a request asks for: its number, or a cursor, which is a side and an id."""

    per_page: int
    number: int | None = None
    cursor: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The records of one page and the envelope's other keys."""

    records: list[Record]
    envelope: dict[str, Any]


def page_request(query: MultiMapping[str], *, by_cursor: bool, usual: int = LARGEST) -> PageRequest:
    """Return the page that `query` asks for; refuse a size outside 1 to 2000, and an invalid number or cursor."""
    text = single_value(query, "per_page")
    per_page = usual if text is None else parse_integer("per_page", text)
    if not 1 <= per_page <= LARGEST:
        raise Refusal(UNPROCESSABLE, f"per_page must be between 1 and {LARGEST}")
    cursor = single_value(query, "cursor") if by_cursor else None
    if cursor is not None:
        return PageRequest(per_page, cursor=_read_cursor(cursor))
    text = single_value(query, "page")
    number = None if text is None else parse_integer("page", text)
    if number == 0:
        raise Refusal(UNPROCESSABLE, "page must be 1 or more")
    return PageRequest(per_page, number)


def page_of(
    selection: Selection, requested: PageRequest, url: str, link_params: tuple[tuple[str, str], ...], *, by_cursor: bool
) -> Page:
    """Return the `requested` page of `selection`; links lead to `url` and repeat the filters in `link_params`."""
    total, size = len(selection.records), requested.per_page
    pages = max(1, -(-total // size))
    start = _start(selection, requested)
    records = selection.records[start : start + size]
    number = _number(requested, start, pages, total, by_cursor=by_cursor)

    def link(ref: str, **place: object) -> str:
        return f"{url}?{urlencode([*link_params, *place.items(), ('per_page', size), ('ref', ref)])}"

    links: dict[str, str | None] = {"first": link("first", page=1), "next": None, "previous": None}
    if start + size < total:
        after = _cursor("after", records[-1]) if by_cursor else None
        links["next"] = link("next_cursor", cursor=after) if after else link("next", page=(number or 0) + 1)
    if start > 0:
        before = _cursor("before", selection.records[start]) if by_cursor and records else None
        earlier = min(number or 1, pages + 1) - 1 if by_cursor else (number or 1) - 1
        links["previous"] = link("previous_cursor", cursor=before) if before else link("previous", page=earlier)
    links["last"] = link("last", page=pages)
    envelope = {
        "per_page": size,
        "total_pages": pages,
        "total_entries": total,
        "next_page": number + 1 if number is not None and number < pages else None,
        "previous_page": number - 1 if number is not None and number > 1 else None,
        "page": number,
        "links": links,
    }
    return Page(records, envelope)


def _start(selection: Selection, requested: PageRequest) -> int:
    """Return the position of the page's first record."""
    match requested.cursor:
        case ("after", identity):
            place = selection.position(identity)
            there = place < len(selection.records) and selection.records[place]["id"] == identity
            return place + there
        case ("before", identity):
            return max(0, selection.position(identity) - requested.per_page)
        case _:
            return ((requested.number or 1) - 1) * requested.per_page


def _number(requested: PageRequest, start: int, pages: int, total: int, *, by_cursor: bool) -> int | None:
    """Return the page's number, None if a cursor hides it."""
    if not by_cursor or requested.number is not None:
        return requested.number or 1
    if start == 0:
        return 1
    return pages if start + requested.per_page >= total else None


def _cursor(direction: str, record: Record) -> str:
    """Return the opaque text for the place after or before `record`."""
    text = json.dumps({direction: {"id": record["id"]}}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def _read_cursor(text: str) -> tuple[str, int]:
    """Return the direction and the id in a cursor; refuse a cursor that the sandbox never wrote."""
    try:
        match json.loads(base64.b64decode(text, validate=True)):
            case {"after": {"id": int(identity)}}:
                return "after", identity
            case {"before": {"id": int(identity)}}:
                return "before", identity
    except (binascii.Error, ValueError):
        pass
    raise Refusal(UNPROCESSABLE, "cursor is invalid")
