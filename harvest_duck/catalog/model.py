"""What a table is: columns with types, where each value sits in the JSON, and which parameter answers which predicate.

The files under `endpoints/` fill these values in, and `consistency` finds their faults. Everything here is a frozen
value without behaviour beyond lookup, and imports nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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


class Right(Enum):
    """What a person has to be allowed to see, or Harvest leaves a column empty."""

    # https://support.getharvest.com/hc/en-us/articles/360048687451-Team-permissions
    #: Administrators, and managers with billable_rates_manager.
    RATES = "rates"
    #: Administrators.
    COSTS = "costs"


class Match(Enum):
    """How a parameter narrows what Harvest returns."""

    EQUAL = "="
    FROM = ">="
    TO = "<="
    #: A lower bound whose inclusiveness Harvest does not state.
    SINCE = "> or >="


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One SQL column; `at` is the dotted path of its value in the JSON, its own name unless said otherwise.

    `right` is what the caller may have to be allowed for Harvest to fill it in.
    """

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
    right: Right | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead from the record to the value."""
        return tuple((self.at or self.name).split("."))


ACCOUNT_ID = Column(
    name="account_id",
    type=BIGINT,
    description="Harvest account the row was read from",
    origin=Origin.ACCOUNT,
    references="accounts.id",
)


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
class AlternatePath:
    """Another path to the same records, for queries that give the ids of its places; it takes the `params` named."""

    path: str
    paging: Paging
    params: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """One SQL table and the endpoint behind it.

    `body_key` names the array of records in the body; None when the body is one record. `items` names an array inside
    each record whose elements are the rows. `variants` are parameter sets that are each asked for when the query does
    not choose. `max_span_days` bounds `to_date - from_date`, both days included in the report; a longer period is added
    up from pieces, unless one of the options `not_summed_with` is on. `subject` names the columns that tell the rows of
    one report apart: what its sums are for, and their currency; it is empty elsewhere. `permission` is who may read it,
    in Harvest's words for roles; where it is `narrowed`, those who are no administrators get a part of its rows, and no
    word that there are more. `docs` is the page of Harvest's documentation.
    """

    name: str
    description: str
    path: str
    body_key: str | None
    paging: Paging
    own_columns: tuple[Column, ...]
    docs: str
    permission: str
    params: tuple[Param, ...] = ()
    limit: Limit = Limit.GENERAL
    host: Host = Host.API
    parent: Parent | None = None
    items: str | None = None
    retrieve: str | None = None
    alternates: tuple[AlternatePath, ...] = ()
    variants: tuple[Mapping[str, str], ...] = field(default=({},), hash=False)
    max_span_days: int | None = None
    not_summed_with: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    narrowed: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns that SQL sees: those of the records, and the account that they were read from."""
        return (*self.own_columns, ACCOUNT_ID)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        """Whether a column of that name exists."""
        return name in self._by_name

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that tell rows apart within an account; empty for a report or a single record."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def updates(self) -> Column | None:
        """The column with the instant that a record last changed, None where Harvest gives none."""
        within = Origin.RECORD if self.items is None else Origin.ENCLOSING
        found = (column for column in self.columns if column.path == ("updated_at",) and column.origin is within)
        return next(found, None)

    @cached_property
    def identity(self) -> Column | None:
        """The column that tells the records of one list apart, None for a report, which has no such column."""
        if self.items is not None:
            return next(c for c in self.columns if c.path == ("id",) and c.origin is Origin.ENCLOSING)
        keys = [column for column in self.columns if column.key and column.origin is Origin.RECORD]
        return keys[0] if len(keys) == 1 else None

    @cached_property
    def day(self) -> Column | None:
        """The column with the day by which the list can be narrowed from both sides, None where there is none."""
        ends = {param.match: param.column for param in self.params}
        column = self.column(ends[Match.FROM]) if {Match.FROM, Match.TO} <= set(ends) else None
        return None if column is None or column.origin is Origin.INPUT else column

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The path of the list, that of one record, and the alternates."""
        retrieve = () if self.retrieve is None else (self.retrieve,)
        return (self.path, *retrieve, *(other.path for other in self.alternates))

    def params_of(self, column: str) -> tuple[Param, ...]:
        """The parameters that answer predicates on `column`."""
        return tuple(param for param in self.params if param.column == column)
