"""The options of the data source, from the texts that `.option(name, value)` gives to one value."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import table as table_named
from harvest_duck.errors import ConnectionStringError, QueryError
from harvest_duck.pushdown.sql import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.catalog.model import Table

_KNOWN = {
    name.lower(): name
    for name in (
        "table",
        "connection",
        "connections",
        "where",
        "numPartitions",
        "lowerBound",
        "upperBound",
        "hosts",
        "startingTimestamp",
        "lag",
    )
}
#: The most partitions of one account: each is a scan of its own, with connections of its own to Harvest.
_MOST_PARTITIONS = 1000
#: Seconds after which a change is taken as saved, as `mirror.list_protocol` does.
_LAG_S = 900
_LONGEST_LAG_S = 10**9


@dataclass(frozen=True, slots=True)
class Options:
    """What to read, and in which parts; it is pickled, so it names the table that it is of.

    `cuts` are the days that begin the second and every further range of days. Executors run on so many `hosts`, None
    where that is not known. A stream begins with what was changed `since`, None for all, and leaves what changed in the
    last `lag` to its next batch.
    """

    table_name: str
    connections: tuple[str, ...] = field(repr=False)
    where: str | None = None
    cuts: tuple[date, ...] = ()
    hosts: int | None = None
    since: datetime | None = None
    lag: timedelta = timedelta(seconds=_LAG_S)

    @property
    def table(self) -> Table:
        """The table, which is itself only in the process that has it from the catalog."""
        return table_named(self.table_name)


def read_options(given: Mapping[str, str]) -> Options:
    """Return the options that `given` stands for, its names in any case.

    Raises `UnknownTable`, `QueryError`, or `ConnectionStringError`, none of which shows a connection string.
    """
    options = {name.lower(): value for name, value in given.items()}
    for name in options:
        if name not in _KNOWN:
            near = get_close_matches(name, _KNOWN, n=1)
            advice = f"did you mean {_KNOWN[near[0]]}? " if near else ""
            raise QueryError(
                f"the data source harvest has no option {shown(name)}; {advice}it has {', '.join(_KNOWN.values())}"
            )
    if not options.get("table", "").strip():
        raise QueryError('the data source harvest needs a table: .option("table", "time_entries")')
    table = table_named(options["table"].strip())
    since = options.get("startingtimestamp")
    lag = options.get("lag")
    hosts = options.get("hosts")
    return Options(
        table.name,
        _connections(options.get("connection"), options.get("connections")),
        options.get("where") or None,
        _cuts(table, options),
        None if hosts is None else _number("hosts", hosts, 100_000),
        None if since is None else _moment(since),
        timedelta(seconds=_LAG_S if lag is None else _number("lag", lag, _LONGEST_LAG_S, least=0)),
    )


def _connections(one: str | None, several: str | None) -> tuple[str, ...]:
    if several is None:
        return (one or "",)
    if one is not None:
        raise ConnectionStringError("option connections: leave the option connection out, and name all in this one")
    lines = tuple(line.strip() for line in several.splitlines() if line.strip())
    if not lines:
        raise ConnectionStringError("option connections: there is none; it has one connection string in each line")
    return lines


def _cuts(table: Table, options: Mapping[str, str]) -> tuple[date, ...]:
    names = ("numpartitions", "lowerbound", "upperbound")
    given = [name for name in names if name in options]
    if not given:
        return ()
    parts = _number("numPartitions", options.get("numpartitions", "1"), _MOST_PARTITIONS)
    if parts == 1 and given == ["numpartitions"]:
        return ()
    if len(given) < len(names):
        raise QueryError("numPartitions, lowerBound and upperBound belong together: give all three, or none of them")
    # Harvest counts invoices and estimates by days, and not their lines.
    if table.day is None or table.items is not None:
        raise QueryError(
            f"{table.name} has no day by which Harvest narrows it, and cannot be read in ranges of days: leave "
            "numPartitions out; each account is a partition of its own"
        )
    low, high = (_day(_KNOWN[name], options[name]) for name in names[1:])
    if low >= high:
        raise QueryError(f"lowerBound is {low}, and has to be before upperBound, {high}")
    return cuts(low, high, parts)


def cuts(low: date, high: date, parts: int) -> tuple[date, ...]:
    """Return the days after the first on which ranges begin that divide the time from `low` to `high` evenly.

    There are fewer ranges than `parts` where there are fewer days. The first range has all that is before, too, and the
    last all that is after.
    """
    found = {low + (high - low) * part // parts for part in range(1, parts)}
    return tuple(sorted(found - {low}))


def _number(name: str, value: str, most: int, *, least: int = 1) -> int:
    if not (value.isascii() and value.isdigit()) or not least <= int(value[:12]) <= most:
        raise QueryError(f"option {name} is a whole number from {least} to {most}")
    return int(value)


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise QueryError(f"option {name} is a day such as 2026-01-31") from None


def _moment(value: str) -> datetime:
    found = None
    with suppress(ValueError):
        found = datetime.fromisoformat(value)
    if found is None or found.tzinfo is None:
        raise QueryError("option startingTimestamp is a moment with its time zone, such as 2026-01-31T00:00:00Z")
    return found.astimezone(UTC)
