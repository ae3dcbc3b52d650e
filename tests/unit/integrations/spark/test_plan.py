"""Which partitions a table is read in, and what each may send."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.connection import RateLimit, parse, resolve
from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.plan import (
    Share,
    Source,
    changed,
    conditions,
    narrowed,
    part_of,
    refuse_twice,
    shares,
)

_LIMIT = RateLimit(100, 15)


def _source(account: int | None = 1, sender: str = "t", connection: str = "DSN=acme") -> Source:
    return Source(connection, account, sender, _LIMIT, RateLimit(100, 900))


def _limits(share: Share) -> tuple[str | None, str | None]:
    pairs = parse(share.connection)
    return pairs.get("RateLimit"), pairs.get("ReportsRateLimit")


def test_one_account_of_one_connection_is_one_partition_with_the_whole_limit() -> None:
    (share,) = shares([_source(None)], (), None)
    assert (share.connection, share.source, share.first, share.last) == ("DSN=acme", "", None, None)


def test_each_account_is_a_partition_and_they_divide_the_limit_of_their_token() -> None:
    found = shares([_source(1), _source(2), _source(3, "other")], (), None)
    assert [share.source for share in found] == ["1", "2", "3"]
    assert [_limits(share) for share in found] == [("50/15", "50/900"), ("50/15", "50/900"), (None, None)]
    assert parse(found[1].connection) == {
        "DSN": "acme",
        "AccountId": "2",
        "RateLimit": "50/15",
        "ReportsRateLimit": "50/900",
    }


def test_hosts_and_processes_beside_the_partitions_count_in_the_division() -> None:
    sources = [_source(1), _source(2), _source(3), _source(4)]
    assert {_limits(share)[0] for share in shares(sources, (), 2)} == {"50/15"}
    assert {_limits(share)[0] for share in shares(sources, (), 1)} == {None}
    assert {_limits(share)[0] for share in shares(sources, (), 9)} == {"25/15"}
    assert {_limits(share)[0] for share in shares(sources, (), None, beside=1)} == {"20/15"}


def test_ranges_of_days_are_open_at_both_ends_and_follow_each_other() -> None:
    first, second = date(2026, 1, 1), date(2026, 2, 1)
    found = shares([_source(1), _source(2)], (first, second), None)
    ranges = [(share.first, share.last) for share in found]
    assert ranges == 2 * [(None, first), (first, second), (second, None)]
    assert {_limits(share)[0] for share in found} == {"16/15"}


@given(requests=st.integers(1, 1000), window_s=st.sampled_from([1, 15, 900, 0.5, 7.25]), parts=st.integers(1, 5000))
def test_all_parts_together_send_no_more_than_the_limit(requests: int, window_s: float, parts: int) -> None:
    sent, _, seconds = part_of(RateLimit(requests, window_s), parts).partition("/")
    assert parts * Fraction(sent) / Fraction(seconds) <= Fraction(requests) / Fraction(window_s)
    assert int(sent) >= 1
    given = resolve(f"AccountId=1;APIKey=x;RateLimit={sent}/{seconds}").rate_limit
    assert given == RateLimit(int(sent), float(seconds))


def test_what_the_connection_says_is_replaced_in_any_spelling_and_the_rest_is_kept() -> None:
    source = _source(7, connection="account id=1,7;apikey='a;b';ratelimit=40/15;ReportsRateLimit=off")
    assert parse(narrowed(source, 2)) == {
        "apikey": "a;b",
        "AccountId": "7",
        "RateLimit": "50/15",
        "ReportsRateLimit": "50/900",
    }


def test_a_limit_that_is_off_stays_off() -> None:
    source = Source("RateLimit=off", 1, "t", None, None)
    assert narrowed(source, 9) == "RateLimit=off;AccountId=1"


def test_an_account_in_two_connections_is_refused() -> None:
    refuse_twice([_source(None), _source(None, "other")])
    with pytest.raises(QueryError, match="account 1 is in two connections"):
        refuse_twice([_source(1), _source(1, "other")])
    with pytest.raises(QueryError, match="AccountId"):
        refuse_twice([_source(None), _source(None, "other")], unnamed=True)


def test_no_text_of_a_plan_shows_a_secret() -> None:
    source = _source(1, "secret", "APIKey=secret")
    assert "secret" not in repr([source, *shares([source], (), None)])


_DAYS = [date(2026, 1, day) for day in range(1, 8)]
_MOMENTS = [None, *(datetime(2026, 1, 1, 12, 0, second, tzinfo=UTC) for second in range(6))]


@given(
    cuts=st.sets(st.sampled_from(_DAYS)),
    rows=st.lists(st.tuples(st.sampled_from(_DAYS), st.sampled_from(_MOMENTS))),
    ends=st.sets(st.sampled_from(_MOMENTS[1:])),
)
def test_each_row_is_in_one_range_of_days_and_in_one_batch(
    cuts: set[date], rows: list[tuple[date, datetime | None]], ends: set[datetime]
) -> None:
    until = [*sorted(ends), datetime(2027, 1, 1, tzinfo=UTC)]
    batches = list(zip([None, *until], until, strict=False))
    parts = [changed(share, since, end) for share in shares([_source()], sorted(cuts), None) for since, end in batches]
    # Each condition as 1 or 0, for each row.
    times = " + ".join(
        f"coalesce(({' AND '.join(conditions(part, 'day', 'updated_at'))})::INTEGER, 0)" for part in parts
    )
    source = ", ".join(f"(DATE '{day}', {_literal(moment)}::TIMESTAMPTZ)" for day, moment in rows)
    if rows:
        found = duckdb.execute(f"SELECT {times} FROM (VALUES {source}) AS t (day, updated_at)").fetchall()
        assert found == [(1,)] * len(rows)


def _literal(moment: datetime | None) -> str:
    return "NULL" if moment is None else f"'{moment.isoformat()}'"
