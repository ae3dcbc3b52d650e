"""Ways around a list: single records, one list for each value of a column, or one for each span of days.

Each alternative holds every row that the predicate keeps. `cost` decides whether it is the cheaper way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import BOOLEAN, Match, Paging, Table
from harvest_duck.catalog.path import filled, places
from harvest_duck.planner.model import Alternative
from harvest_duck.planner.params import ANY, DaySpan, day, day_spans, equal_texts, ids, narrowing, sends
from harvest_duck.protocol.request import Request, with_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.pushdown.domain import Domain

#: The share of a list that the rows with some values of a column are assumed to be.
_UNKNOWN_SHARE = 0.5


def narrowed(
    table: Table, domains: Mapping[str, Domain], only: Iterable[str] | None = None
) -> tuple[tuple[str, str], ...]:
    """Return the parameters that narrow the list: of those named in `only` where it is given, else of all."""
    names = {param.name for param in table.params} if only is None else set(only)
    return tuple(pair for param in table.params if param.name in names for pair in narrowing(table, param, domains))


def alternatives(table: Table, whole: Request, domains: Mapping[str, Domain]) -> list[Alternative]:
    """Return every other way to the rows of the list `whole`."""
    found = [
        *_records(table, whole, domains),
        *_lists_elsewhere(table, whole, domains),
        *_by_value(table, whole, domains),
        *_by_days(table, whole, domains),
    ]
    tells_changes = any(param.match is Match.SINCE for param in table.params)
    return [other for other in found if tells_changes or not other.several_lists]


def one_list(table: Table, request: Request, domains: Mapping[str, Domain]) -> Request:
    """Return the request for a single record of the list where the predicate leaves one id, else the list itself."""
    if table.retrieve is None or table.parent is None:
        return request
    known = ids(domains.get("id", ANY))
    if known is None or len(known) != 1:
        return request
    return _single(request, request.url + filled(table.retrieve.removeprefix(table.path), "id", known[0]))


def _records(table: Table, whole: Request, domains: Mapping[str, Domain]) -> Iterator[Alternative]:
    """Yield the records of the list, each requested by its own path."""
    paths = [table.retrieve] if table.retrieve else []
    paths += [other.path for other in table.alternates if other.paging is Paging.NONE]
    for path in paths:
        for urls in _filled(table, whole, path, domains):
            yield Alternative(tuple(_single(whole, url) for url in urls), 0)


def _single(request: Request, url: str) -> Request:
    return replace(request, url=url, params=(), paging=Paging.NONE, single=True, absent_on=request.absent_on | {404})


def _lists_elsewhere(table: Table, whole: Request, domains: Mapping[str, Domain]) -> Iterator[Alternative]:
    """Yield the lists at other paths, which hold a part of the records each."""
    for other in table.alternates:
        if other.paging is Paging.NONE:
            continue
        for urls in _filled(table, whole, other.path, domains):
            params = (*narrowed(table, domains, other.params), *(p for p in whole.params if p[0] == "per_page"))
            lists = [
                replace(whole, url=url, params=params, paging=other.paging, absent_on=frozenset({404})) for url in urls
            ]
            yield Alternative(tuple(lists), 0 if len(lists) == 1 else _UNKNOWN_SHARE)


def _filled(table: Table, whole: Request, path: str, domains: Mapping[str, Domain]) -> Iterator[list[str]]:
    """Yield the URLs of a path for every id that fits; nothing where two of its columns have several ids."""
    columns = places(path)
    known = [ids(domains.get(column, ANY)) for column in columns]
    found = [values for values in known if values is not None]
    if len(found) != len(columns) or sum(len(values) > 1 for values in found) > 1:
        return
    base = whole.url.removesuffix(table.path)
    urls = [path]
    for column, values in zip(columns, found, strict=True):
        urls = [filled(url, column, value) for url in urls for value in values]
    yield [base + url for url in urls]


def _by_value(table: Table, whole: Request, domains: Mapping[str, Domain]) -> Iterator[Alternative]:
    """Yield the list narrowed to each value that a column can have."""
    for param in table.params:
        if param.match is not Match.EQUAL or not sends(table, param) or table.column(param.column).type is BOOLEAN:
            continue
        texts = equal_texts(table, param, domains.get(param.column, ANY))
        if texts is not None and len(texts) != 1:
            share = len(texts) / len(param.values) if param.values else _UNKNOWN_SHARE
            yield Alternative(tuple(with_params(whole, {param.name: text}) for text in texts), share)


def _by_days(table: Table, whole: Request, domains: Mapping[str, Domain]) -> Iterator[Alternative]:
    """Yield the list narrowed to each span of days."""
    ends = {param.match: param for param in table.params if sends(table, param)}
    if Match.FROM not in ends or Match.TO not in ends or table.day is None:
        return
    domain = domains.get(ends[Match.FROM].column, ANY)
    spans = day_spans(domain)
    if domain.nulls or len(spans) == 1:
        return
    lists = []
    for first, last in spans:
        sent = {ends[Match.FROM].name: day(first), ends[Match.TO].name: day(last)}
        lists.append(with_params(whole, sent))
    yield Alternative(tuple(lists), _share(spans))


def _share(spans: list[DaySpan]) -> float:
    """Return the share of the days from the first to the last that lies within the spans."""
    known = [(start, stop) for start, stop in spans if start is not None and stop is not None]
    if len(known) < len(spans) or not known:
        return _UNKNOWN_SHARE
    within = sum((stop - start).days + 1 for start, stop in known)
    return within / ((known[-1][1] - known[0][0]).days + 1)
