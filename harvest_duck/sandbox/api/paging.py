"""Pages: which records of a selection one answer holds, and the envelope around them with links to the others.

Two styles, as https://help.getharvest.com/api-v2/introduction/overview/pagination/ has them. By page: `page=N` and
links that count. By cursor: the next link carries an opaque cursor, base64 of JSON that names a record, while `page`,
`next_page` and `previous_page` are null on all but the first and the last page; `page=` is deprecated there and works,
a cursor wins over it. The first and last links count in both styles. Beyond the last page the list is empty.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from harvest_duck.sandbox.api.filters import UNPROCESSABLE, parse_integer, single
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from multidict import MultiMapping

    from harvest_duck.sandbox.data.table_index import Selection
    from harvest_duck.sandbox.wire import Record

LARGEST = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """The page that a request asks for: its number, or a cursor, which is an id and the side of it to look."""

    per_page: int
    number: int | None = None
    cursor: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The records of one page and the envelope's other keys."""

    records: list[Record]
    envelope: dict[str, Any]


def asked_page(query: MultiMapping[str], *, by_cursor: bool, usual: int = LARGEST) -> Asked:
    """The page that `query` asks for; refuses sizes beyond 1 to 2000 and what is no number or cursor."""
    text = single(query, "per_page")
    per_page = usual if text is None else parse_integer("per_page", text)
    if not 1 <= per_page <= LARGEST:
        raise Refusal(UNPROCESSABLE, f"per_page must be between 1 and {LARGEST}")
    cursor = single(query, "cursor") if by_cursor else None
    if cursor is not None:
        return Asked(per_page, cursor=_read_cursor(cursor))
    text = single(query, "page")
    number = None if text is None else parse_integer("page", text)
    if number == 0:
        raise Refusal(UNPROCESSABLE, "page must be 1 or more")
    return Asked(per_page, number)


def cut(selection: Selection, asked: Asked, url: str, carried: tuple[tuple[str, str], ...], *, by_cursor: bool) -> Page:
    """The page `asked` for of `selection`; links lead to `url` and repeat the filters `carried`."""
    total, size = len(selection.records), asked.per_page
    pages = max(1, -(-total // size))
    start = _start(selection, asked)
    records = selection.records[start : start + size]
    number = _number(asked, start, pages, total, by_cursor=by_cursor)

    def link(ref: str, **place: object) -> str:
        return f"{url}?{urlencode([*carried, *place.items(), ('per_page', size), ('ref', ref)])}"

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


def _start(selection: Selection, asked: Asked) -> int:
    """The position of the page's first record."""
    match asked.cursor:
        case ("after", identity):
            place = selection.position(identity)
            there = place < len(selection.records) and selection.records[place]["id"] == identity
            return place + there
        case ("before", identity):
            return max(0, selection.position(identity) - asked.per_page)
        case _:
            return ((asked.number or 1) - 1) * asked.per_page


def _number(asked: Asked, start: int, pages: int, total: int, *, by_cursor: bool) -> int | None:
    """The page's number, None where a cursor hides it."""
    if not by_cursor or asked.number is not None:
        return asked.number or 1
    if start == 0:
        return 1
    return pages if start + asked.per_page >= total else None


def _cursor(direction: str, record: Record) -> str:
    """The opaque text that stands for the place after or before `record`."""
    text = json.dumps({direction: {"id": record["id"]}}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def _read_cursor(text: str) -> tuple[str, int]:
    """The direction and the id in a cursor; refuses what the sandbox never wrote."""
    try:
        match json.loads(base64.b64decode(text, validate=True)):
            case {"after": {"id": int(identity)}}:
                return "after", identity
            case {"before": {"id": int(identity)}}:
                return "before", identity
    except (binascii.Error, ValueError):
        pass
    raise Refusal(UNPROCESSABLE, "cursor is invalid")
