"""Which partitions a table is read in, and what each of them may send: pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harvest_duck.connection import RateLimit, parse, render
from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from datetime import date, datetime

_WINDOW_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Source:
    """An account as one connection reaches it, None for the only one of its token.

    Harvest counts the requests of a `sender`, its token, against both limits.
    """

    connection: str = field(repr=False)
    account: int | None
    sender: Hashable = field(repr=False)
    rate_limit: RateLimit | None
    reports_rate_limit: RateLimit | None

    @property
    def name(self) -> str:
        """The account in the words of an offset."""
        return "" if self.account is None else str(self.account)


@dataclass(frozen=True, slots=True)
class Share:
    """What one partition reads: the account `source`, in the days from `first` to before `last`.

    None is no end. Of a stream it has what was updated from `since` to before `until`.
    """

    connection: str = field(repr=False)
    source: str
    first: date | None = None
    last: date | None = None
    since: datetime | None = None
    until: datetime | None = None


def refuse_twice(sources: Sequence[Source], *, unnamed: bool = False) -> None:
    """Raise `QueryError` if two sources are one account; with `unnamed` those without a number are one, too."""
    counted = Counter(each.account for each in sources if unnamed or each.account is not None)
    twice = [account for account, times in counted.items() if times > 1]
    if twice and twice[0] is None:
        raise QueryError("a stream has to tell its accounts apart: give each connection an AccountId")
    if twice:
        raise QueryError(
            f"account {twice[0]} is in two connections, so that each of its rows would come twice: name it once"
        )


def shares(sources: Sequence[Source], cuts: Sequence[date], hosts: int | None, *, beside: int = 0) -> list[Share]:
    """Return what each partition reads: every account in every range of days, so that each row is in one of them.

    The rate limits of a token are divided by the partitions that send it, since each may run on a host of its own; or
    by the `hosts`, where that is less, because the processes of one host keep a limit together. So many processes
    `beside` the partitions have a part, too.
    """
    ranges = list(zip((None, *cuts), (*cuts, None), strict=True))
    senders = Counter(source.sender for source in sources)
    planned = []
    for source in sources:
        partitions = senders[source.sender] * len(ranges)
        parts = partitions if hosts is None else min(hosts, partitions)
        connection = narrowed(source, parts + beside)
        planned += [Share(connection, source.name, first, last) for first, last in ranges]
    return planned


def changed(share: Share, since: datetime | None, until: datetime) -> Share:
    """Return the share with only what was updated from `since` to before `until`."""
    return replace(share, since=since, until=until)


def narrowed(source: Source, parts: int) -> str:
    """Return the connection string of a source for its account alone, and one of so many `parts` of its limits."""
    pairs: dict[str, str] = {}
    if source.account is not None:
        pairs["AccountId"] = str(source.account)
    limits = {"RateLimit": source.rate_limit, "ReportsRateLimit": source.reports_rate_limit}
    if parts > 1:
        pairs |= {name: part_of(limit, parts) for name, limit in limits.items() if limit is not None}
    if not pairs:
        return source.connection
    replaced = {name.lower() for name in pairs}
    kept = {name: value for name, value in parse(source.connection).items() if name.lower() not in replaced}
    return render(kept | pairs)


def part_of(limit: RateLimit, parts: int) -> str:
    """Return the text of a limit of which `parts` together send no more than `limit` allows."""
    requests, window_s = limit.requests // parts, limit.window_s
    if not requests:
        requests, window_s = 1, window_s * parts / limit.requests
    # Upwards, so that rounding sends nothing more.
    seconds = f"{window_s + 0.5 * 10**-_WINDOW_DIGITS:.{_WINDOW_DIGITS}f}" if window_s % 1 else f"{window_s:.0f}"
    return f"{requests}/{seconds}"


def conditions(share: Share, day: str | None, updates: str | None) -> Iterator[str]:
    """Yield the conditions of SQL that a share puts on the column of days and on that of updates."""
    if share.first is not None:
        yield f"{day} >= DATE '{share.first}'"
    if share.last is not None:
        yield f"{day} < DATE '{share.last}'"
    if share.since is not None:
        yield f"{updates} >= TIMESTAMPTZ '{share.since.isoformat()}'"
    if share.until is not None:
        before = f"{updates} < TIMESTAMPTZ '{share.until.isoformat()}'"
        # What has no moment of its update comes with the first batch.
        yield before if share.since is not None else f"({before} OR {updates} IS NULL)"
