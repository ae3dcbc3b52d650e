"""The scan and the faults of each seed: a pure function of the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, TIMESTAMP, VARCHAR, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox.faults.schedule import BODY_FAULTS, HARMLESS, RECORD_CHANGES, TRANSIENT, Kind, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: Seeds that once failed, and why.
ONCE_FAILED = (
    264,  # links.next led to the first page each time, and the client followed it for ever
    541,  # the same with the previous page, over TLS
)

#: Numbered pages, pages with cursors, children of several parents, arrays in records, reports, single records.
TABLE_NAMES = (
    *("time_entries", "time_entries", "invoices", "expenses", "estimates"),
    *("clients", "tasks", "tasks", "contacts", "projects", "task_assignments", "user_assignments"),
    *("invoice_payments", "invoice_messages", "billable_rates", "project_assignments"),
    *("invoice_line_items", "report_time_projects", "report_time_tasks", "report_uninvoiced", "me", "company"),
)
_CURSORS = ("clients", "tasks", "contacts", "projects", "task_assignments", "user_assignments", "project_assignments")
#: The days of every report.
SPAN = (date(2026, 1, 1), date(2026, 11, 20))
_CHOSEN = ("from_date", "to_date", "include_fixed_fee")
#: Faults that run into a time limit, which takes real time.
SLOW = frozenset({Kind.STALLED_HEADERS, Kind.STALLED_BODY, Kind.ENDLESS_BODY})
_QUICK = TRANSIENT - SLOW - {Kind.IMPOSTOR, Kind.LATE_HEADERS, Kind.LATE_BODY}
_DATES = frozenset({Kind.DATE_AHEAD, Kind.DATE_BEHIND})
_LINKS = frozenset(kind for kind in BODY_FAULTS if kind.startswith("links"))
_GROUPS = ("transient",) * 12 + ("bodies",) * 14 + ("changes",) * 6 + ("tokens",) * 4 + ("clocks",) * 2 + ("slow",)


#: The shares of requests that get a fault.
_RATES = {
    "transient": (0.2, 0.5, 1.0),
    "bodies": (0.3, 0.7, 1.0),
    "changes": (0.3, 0.8),
    "tokens": (0.2, 0.5),
    "clocks": (0.3, 0.8),
    "slow": (0.2,),
}


@dataclass(frozen=True)
class Condition:
    """A condition on one column, as SQL, as an Arrow expression, and in Python."""

    column: str
    operator: str
    values: tuple[Any, ...]

    @property
    def sql(self) -> str:
        """The condition in SQL."""
        texts = [_literal(value) for value in self.values]
        return (
            f"{self.column} IN ({', '.join(texts)})"
            if self.operator == "IN"
            else f"{self.column} {self.operator} {texts[0]}"
        )

    @property
    def expression(self) -> pc.Expression:
        """The condition for a scan without SQL."""
        field, value = pc.field(self.column), _scalar(self.values[0])
        match self.operator:
            case "=":
                return field == value
            case ">=":
                return field >= value
            case "<":
                return field < value
            case _:
                return field.isin(list(self.values))

    def keeps(self, row: Mapping[str, Any]) -> bool:
        """Return whether it is true for a row."""
        value = row[self.column]
        if value is None:
            return False
        match self.operator:
            case ">=":
                return bool(value >= self.values[0])
            case "<":
                return bool(value < self.values[0])
            case _:
                return value in self.values


def _literal(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return f"TIMESTAMPTZ '{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00'"
        case date():
            return f"DATE '{value}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return str(value)


def _scalar(value: Any) -> Any:
    return pa.scalar(value, pa.timestamp("us", "UTC")) if isinstance(value, datetime) else value


@dataclass(frozen=True)
class Scenario:
    """A scan and its faults."""

    seed: int
    group: str
    table: Table
    columns: tuple[str, ...]
    conditions: tuple[Condition, ...]
    page_size: int
    connections: int
    tls: bool
    oauth: bool
    sql: bool
    timeout_s: float
    rate: float
    kinds: frozenset[Kind]

    @property
    def schedule(self) -> Schedule:
        """The schedule of the faults."""
        return Schedule.seeded(self.seed, rate=self.rate, kinds=self.kinds, lasting=self.group != "slow")

    def __str__(self) -> str:
        where = " AND ".join(condition.sql for condition in self.conditions)
        way = ("SQL" if self.sql else "scan") + (", TLS" if self.tls else "") + (", OAuth" if self.oauth else "")
        columns = ", ".join(self.columns) if len(self.columns) < len(self.table.columns) else "*"
        return (
            f"seed {self.seed} ({self.group}; {way}; Pagesize={self.page_size};MaxConnections={self.connections}): "
            f"SELECT {columns} FROM {self.table.name}{f' WHERE {where}' if where else ''}"
        )


def scenario_for(seed: int, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Scenario:
    """Return the scenario of a seed; `rows` are those of each table."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    group = rng.choice(_GROUPS)
    tls = rng.random() < 0.3
    kinds = _kinds(rng, group, tls=tls)
    # Faults of links need several pages with cursors.
    table = TABLES[rng.choice(_CURSORS if kinds & _LINKS else TABLE_NAMES)]
    found = rows[table.name]
    fewest = 1 if group == "transient" else 3
    return Scenario(
        seed=seed,
        group=group,
        table=table,
        columns=_columns(rng, table),
        conditions=_conditions(rng, table, found),
        page_size=max(1, -(-len(found) // rng.randint(fewest, 12))),
        connections=rng.choice([1, 2, 4, 8]),
        tls=tls,
        oauth=group == "tokens" or rng.random() < 0.1,
        sql=rng.random() < 0.2,
        timeout_s=0.4 if group == "slow" else 30,
        rate=rng.choice(_RATES[group]),
        kinds=kinds,
    )


def _kinds(rng: random.Random, group: str, *, tls: bool) -> frozenset[Kind]:
    quick = _QUICK | ({Kind.IMPOSTOR} if tls and rng.random() < 0.1 else set())
    around = rng.choice([frozenset[Kind](), frozenset(rng.sample(sorted(quick | HARMLESS), 6))])
    match group:
        case "transient":
            some = rng.sample(sorted(quick), rng.choice([1, 3, len(quick)]))
            return frozenset(some) | rng.choice([frozenset[Kind](), HARMLESS])
        case "bodies":
            # Of two different body faults one may hide the other.
            return frozenset({rng.choice(sorted(BODY_FAULTS))}) | around - _DATES
        case "changes":
            return RECORD_CHANGES | around - _DATES
        case "clocks":
            return RECORD_CHANGES | _DATES
        case "tokens":
            return frozenset({rng.choice([Kind.EXPIRED, Kind.EXPIRED, Kind.REVOKED])}) | around
        case _:
            return SLOW | {Kind.LATE_HEADERS, Kind.LATE_BODY}


def _columns(rng: random.Random, table: Table) -> tuple[str, ...]:
    """Return all columns, or some, with the id, which identifies the rows."""
    names = [column.name for column in table.columns]
    if rng.random() < 0.5:
        return tuple(names)
    some = rng.sample(names, min(len(names), rng.randint(1, 6)))
    return tuple(name for name in names if name in some or name == "id")


def _conditions(rng: random.Random, table: Table, rows: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    fixed: tuple[Condition, ...] = ()
    if table.max_span_days is not None:
        fixed = (Condition("from_date", "=", SPAN[:1]), Condition("to_date", "=", SPAN[1:]))
        if "include_fixed_fee" in table:
            fixed = (*fixed, Condition("include_fixed_fee", "=", (True,)))
    kinds = (BIGINT, BOOLEAN, DATE, TIMESTAMP, VARCHAR)
    with_parameter = [param.column for param in table.params]
    names = [column.name for column in table.columns if column.type in kinds and column.name not in _CHOSEN]
    # Columns with a query parameter are chosen more often.
    name = rng.choice(names + [name for name in names if name in with_parameter or name == "id"] * 3)
    values = sorted({row[name] for row in rows if row[name] is not None})
    if rng.random() < 0.4 or not values:
        return fixed
    operator = rng.choice(["=", "IN"] if isinstance(values[0], bool | str) else ["=", ">=", "<", "IN"])
    if operator == "IN":
        return (*fixed, Condition(name, operator, tuple(rng.sample(values, min(len(values), 3)))))
    return (*fixed, Condition(name, operator, (rng.choice(values),)))
