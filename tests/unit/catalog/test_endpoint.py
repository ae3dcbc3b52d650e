"""A path that comes from SQL: what it asks for, and that it leads nowhere else."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.endpoint import endpoint
from harvest_duck.catalog.model import Limit
from harvest_duck.errors import QueryError

REFUSED = {
    "": "does not begin with /",
    "clients": "does not begin with /",
    "?a=1": "does not begin with /",
    "/": "empty part",
    "/clients/": "empty part",
    "/clients//7": "empty part",
    "/clients/?a=1": "empty part",
    "//evil.example/x": "names a host",
    "https://evil.example/x": "has a scheme",
    "file:/etc/passwd": "has a scheme",
    "/../x": "a part of dots alone",
    "/a/..": "a part of dots alone",
    "/a/./b": "a part of dots alone",
    "/a/...?b=1": "a part of dots alone",
    "/a%2e%2e/b": "a percent sign",
    "/a?b=%2e": "a percent sign",
    "/a\\b": "a backslash",
    "\\\\evil.example\\x": "a backslash",
    "/a\nb": "a control character",
    "/a\x00": "a control character",
    "/a?b=1\r\nX: y": "a control character",
    "/a\x85b": "a control character",
    "/a#b": "a fragment",
    "/a?b=1#c": "a fragment",
    "/a?b=1?c=2": "two question marks",
    "/a b": "other characters than letters",
    "/a@evil.example": "other characters than letters",
    "/a:8080/b": "other characters than letters",
    "/ä": "other characters than letters",
    "/a\u200bb": "other characters than letters",
    "/clients\ud800": "other characters than letters",
    "/{user_id}/x": "other characters than letters",
    "/v2/clients": "version of the API",
    "/a?": 'its query has ""',
    "/a?b": 'its query has "b"',
    "/a?=1": 'its query has "=1"',
    "/a?b=1&": 'its query has ""',
    "/a?b=c d": 'its query has "b=c d"',
    "/a?b[]=1": 'its query has "b[]=1"',
    "/a?b=1+2": 'its query has "b=1+2"',
    "/a?b=/../c": 'its query has "b=/../c"',
    "/a?page=2": "its query has page, and all pages are read",
    "/a?b=1&per_page=2": "its query has per_page, and",
    "/a?Cursor=x": "its query has Cursor, and",
    "/a?b=1&b=2": "its query has b twice",
}


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_a_path_that_could_lead_elsewhere_says_what_is_wrong(path: str) -> None:
    with pytest.raises(QueryError) as caught:
        endpoint(path)
    message = str(caught.value)
    assert message.startswith('harvest_get: "')
    assert REFUSED[path] in message
    assert message.endswith("write one such as '/clients' or '/clients?is_active=true'")
    assert message.isprintable()


def test_a_long_path_is_shown_in_part() -> None:
    with pytest.raises(QueryError) as caught:
        endpoint(f"/{'ä' * 5000}")
    assert len(str(caught.value)) < 400


def test_a_path_is_asked_for_as_it_is_written() -> None:
    table = endpoint("/pto/v1.1/~me/types-of_it?year=2026&since=2026-01-01T00:00:00Z&ids=1,2&x=")
    assert (table.name, table.path) == (
        "/pto/v1.1/~me/types-of_it?year=2026&since=2026-01-01T00:00:00Z&ids=1,2&x=",
        "/pto/v1.1/~me/types-of_it",
    )
    assert table.variants == ({"year": "2026", "since": "2026-01-01T00:00:00Z", "ids": "1,2", "x": ""},)
    assert [column.name for column in table.columns] == ["account_id", "record"]


@pytest.mark.parametrize("path", ["/reports/time/team?from=20260101", "/Reports/new"])
def test_reports_count_against_their_own_limit(path: str) -> None:
    assert endpoint(path).limit is Limit.REPORTS


@pytest.mark.parametrize("path", ["/clients", "/pto/reports/x", "/reportsx/y"])
def test_everything_else_counts_against_the_general_limit(path: str) -> None:
    assert endpoint(path).limit is Limit.GENERAL
