"""What a table is: columns with types, where each value sits in the JSON, and which parameter answers which predicate.

The files under `tables/` fill these values in; `validate` reports every fault of a catalogue at once. Everything here
is a frozen value without behaviour beyond lookup, and imports nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "BIGINT",
    "BOOLEAN",
    "DATE",
    "DECIMAL",
    "TIME",
    "TIMESTAMP",
    "VARCHAR",
    "Column",
    "Host",
    "Limit",
    "ListOf",
    "Match",
    "Origin",
    "Paging",
    "Param",
    "Parent",
    "PathWhen",
    "Scalar",
    "StructOf",
    "Table",
    "Type",
    "validate",
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts, known by its SQL name."""

    sql: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A JSON array of `item`."""

    item: Type

    @property
    def sql(self) -> str:
        """The type as DuckDB writes it."""
        return f"{self.item.sql}[]"


@dataclass(frozen=True, slots=True)
class StructOf:
    """A JSON object with the named `fields`, in order."""

    fields: tuple[tuple[str, Type], ...]

    @property
    def sql(self) -> str:
        """The type as DuckDB writes it."""
        return f"STRUCT({', '.join(f'{name} {item.sql}' for name, item in self.fields)})"


Type = Scalar | ListOf | StructOf

BIGINT = Scalar("BIGINT")
BOOLEAN = Scalar("BOOLEAN")
DATE = Scalar("DATE")
#: Hours, money, rates, percentages and quantities: exact, four digits behind the point.
DECIMAL = Scalar("DECIMAL(18,4)")
#: A time of day, without a zone; Harvest writes "2:59pm" or "14:59" by the clock setting of the account.
TIME = Scalar("TIME")
#: An instant, in UTC.
TIMESTAMP = Scalar("TIMESTAMP WITH TIME ZONE")
VARCHAR = Scalar("VARCHAR")


class Origin(Enum):
    """Where the value of a column comes from."""

    RECORD = "the record itself"
    ENCLOSING = "the record around an embedded array"
    PATH = "the path of the request"
    INPUT = "a parameter of the request"
    ACCOUNT = "the account that was asked"


class Paging(Enum):
    """How Harvest cuts a list into pages."""

    PAGE = "page numbers"
    CURSOR = "an opaque cursor"
    NONE = "one answer"


class Limit(Enum):
    """Which of Harvest's two rate limits a request counts against."""

    GENERAL = "general"
    REPORTS = "reports"


class Host(Enum):
    """Which of Harvest's two hosts answers."""

    API = "api.harvestapp.com"
    ID = "id.getharvest.com"


class Match(Enum):
    """How a parameter narrows what Harvest returns."""

    EQUAL = "="
    FROM = ">="
    TO = "<="
    #: A lower bound whose inclusiveness Harvest does not state.
    SINCE = "> or >="


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One SQL column; `at` is the dotted path of its value in the JSON, its own name unless said otherwise."""

    name: str
    type: Type
    description: str
    at: str = ""
    origin: Origin = Origin.RECORD
    key: bool = False
    unit: str | None = None
    references: str | None = None
    values: tuple[str, ...] = ()
    deprecated: bool = False
    documented: bool = True

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead from the record to the value."""
        return tuple((self.at or self.name).split("."))

    @property
    def nullable(self) -> bool:
        """Whether NULL can occur; Harvest promises no value but the keys, and the injected ones are always there."""
        if self.origin is Origin.ACCOUNT:
            return True
        return not (self.key or self.origin is Origin.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One query parameter that narrows a list: the predicate on `column` that it answers, by `match`.

    `exact` is False where Harvest may return more than the predicate asks for. `values` are the only ones that are
    sent, where Harvest documents a closed list. A `required` parameter has to be given by the query. `default` is what
    Harvest documents that it takes for a parameter that was not sent.
    """

    name: str
    column: str
    match: Match
    exact: bool = True
    required: bool = False
    values: tuple[str, ...] = ()
    default: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The table whose `column` fills the `{param}` of a child's path.

    `only` is a (column, value) of the parent without which Harvest has no children to give: a list column has to hold
    the value.
    """

    table: str
    column: str
    param: str
    only: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathWhen:
    """Another path to the same records, usable when `columns` are each fixed to one value, which fill its `{…}`."""

    path: str
    columns: tuple[str, ...]
    paging: Paging
    params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One SQL table and the endpoint behind it.

    `body_key` names the array of records in the body; None when the body is one record. `items` names an array inside
    each record whose elements are the rows. `variants` are parameter sets that are each asked for when the query does
    not choose. `max_span_days` bounds `to_date - from_date`, both days included in the report. `permission` is who may
    read it, in Harvest's words for roles. `docs` is the page of Harvest's documentation.
    """

    name: str
    description: str
    path: str
    body_key: str | None
    paging: Paging
    columns: tuple[Column, ...]
    docs: str
    permission: str
    params: tuple[Param, ...] = ()
    limit: Limit = Limit.GENERAL
    host: Host = Host.API
    parent: Parent | None = None
    items: str | None = None
    retrieve: str | None = None
    alternates: tuple[PathWhen, ...] = ()
    variants: tuple[Mapping[str, str], ...] = field(default=({},), hash=False)
    max_span_days: int | None = None
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the columns by name."""
        self._by_name.update((column.name, column) for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        """Whether a column of that name exists."""
        return name in self._by_name

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that tell rows apart within an account; empty for a report or a single record."""
        return tuple(column.name for column in self.columns if column.key)

    def params_of(self, column: str) -> tuple[Param, ...]:
        """The parameters that answer predicates on `column`."""
        return tuple(param for param in self.params if param.column == column)


def validate(tables: Iterable[Table]) -> list[str]:
    """Every fault of a catalogue, one line each, naming table and column; an empty list when it is sound."""
    tables = tuple(tables)
    names = [table.name for table in tables]
    faults = [f"{name}: declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for table in tables:
        faults.extend(_table_faults(table, {other.name: other for other in tables}))
    return faults


def _table_faults(table: Table, catalogue: Mapping[str, Table]) -> Iterator[str]:
    names = [column.name for column in table.columns]
    for column in table.columns:
        for fault in _column_faults(column, table, catalogue):
            yield f"{table.name}.{column.name}: {fault}"
    yield from (f"{table.name}.{name}: declared twice" for name in sorted({n for n in names if names.count(n) > 1}))
    if not table.columns or table.columns[-1].origin is not Origin.ACCOUNT:
        yield f"{table.name}: does not end with account_id"
    for param in table.params:
        if param.column not in table:
            yield f"{table.name}: parameter {param.name} answers the column {param.column}, which does not exist"
    if table.parent and (table.parent.table not in catalogue or f"{{{table.parent.param}}}" not in table.path):
        yield f"{table.name}: its parent {table.parent.table} does not fill the path {table.path}"


def _column_faults(column: Column, table: Table, catalogue: Mapping[str, Table]) -> Iterator[str]:
    if not column.description.strip():
        yield "has no description"
    if column.references and not _refers(column.references, catalogue):
        yield f"references {column.references}, which does not exist"
    if column.origin is Origin.ENCLOSING and table.items is None:
        yield "comes from an enclosing record, but the table has no embedded array"
    if column.origin is Origin.PATH and f"{{{column.name}}}" not in table.path:
        yield f"comes from the path {table.path}, which does not name it"


def _refers(reference: str, catalogue: Mapping[str, Table]) -> bool:
    name, _, column = reference.partition(".")
    return name in catalogue and column in catalogue[name]
