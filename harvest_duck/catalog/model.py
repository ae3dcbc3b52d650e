"""The classes of the catalog: a table, its columns with their types and places in the JSON, and its parameters.

`catalog.tables` has the values. They are frozen and have no behaviour beyond lookup; this module imports nothing but
the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
#: The text of a JSON value.
JSON = Scalar("JSON")
#: A time of day, without a zone; Harvest writes "2:59pm" or "14:59", as the account is set.
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
    TEXT = "the text of the record"


class Paging(Enum):
    """How Harvest divides a list into pages."""

    PAGE = "page numbers"
    CURSOR = "an opaque cursor"
    NONE = "one answer"
    #: As the first answer shows.
    DISCOVERED = "not known"


class Limit(Enum):
    """The two rate limits of Harvest; each request counts against one."""

    GENERAL = "general"
    REPORTS = "reports"


class Host(Enum):
    """The two hosts of Harvest."""

    API = "api.harvestapp.com"
    ID = "id.getharvest.com"


class Right(Enum):
    """The right that a user needs, without which Harvest leaves a column empty."""

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
    """One SQL column; `at` is the dotted path of its value in the JSON, where that is not its name.

    A column of the path or of a parameter has one only where the answer repeats what was asked for. `values` are all
    values that Harvest documents. `right` is the right without which Harvest may leave the column empty. A column is
    `documented` unless it was only seen in answers.
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

    @property
    def echoed(self) -> bool:
        """Whether the answer repeats, at the path, what the request asked for."""
        return bool(self.at) and self.origin in (Origin.PATH, Origin.INPUT)


ACCOUNT_ID = Column(
    name="account_id",
    type=BIGINT,
    description="Harvest account the row was read from",
    origin=Origin.ACCOUNT,
    references="accounts.id",
)

#: The column of a raw table that keeps each record whole.
RECORD = Column(
    name="record",
    type=JSON,
    description="The record as Harvest sent it, digit for digit, with the fields that no column has",
    origin=Origin.TEXT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One query parameter that narrows a list: it answers predicates on `column`, in the way of `match`.

    `exact` is False where Harvest may return more than the predicate keeps. `values` are the only ones that are sent,
    where Harvest documents a closed list. A query has to give a `required` parameter. `default` is the documented value
    of a parameter that is not sent.
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
    """The table whose `column` fills the place `{param}` in the path of a child.

    Only parents with the (column, value) in `only` can have children; a list column has to contain the value.
    `absent_on` are the statuses which say that there is no such parent, or that it has no children.
    """

    table: str
    column: str
    param: str
    only: tuple[str, str] | None = None
    absent_on: frozenset[int] = frozenset({404})

    @property
    def read(self) -> list[str]:
        """The columns of the parent that have to be read to find its children."""
        return [self.column, *(self.only or ())[:1]]

    def has_children(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record of the parent table, with the columns `read`, can have children."""
        return self.only is None or self.only[1] in (record[self.only[0]] or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternatePath:
    """Another path to the same records, for queries that give the ids of its places; it takes the `params` named."""

    path: str
    paging: Paging
    params: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """One SQL table and the endpoint behind it.

    The `path` may end with a query, such as `?user_id={user_id}`. `body_key` names the array of records in the body;
    None when the body is one record. Where the key is a guess, as `body_key_guessed` says, the one array in the body is
    taken. `items` names an array inside each record whose elements are the rows. `variants` are sets of parameters,
    each a request of its own unless the query chooses. `max_span_days` is the most days from `from_date` to `to_date`;
    a longer period is added up from pieces, unless one of the options `not_summed_with` is on. `subject` names the
    columns that identify a row of a report: the subject of its sums, and their currency; it is empty for other tables.
    `permission` names the roles that may read the table, in Harvest's words; where it is `narrowed`, users who are no
    administrators get a part of its rows without a notice. `module` is the part of Harvest that an account may lack.
    `docs` is the page of Harvest's documentation. `own_columns` come from Harvest; `columns` has the account besides,
    and the text of the record where the table is `raw`.
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
    body_key_guessed: bool = False
    module: str | None = None
    raw: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns that SQL sees: those that come from Harvest, and the account that they were read from."""
        return (*self.own_columns, ACCOUNT_ID, *([RECORD] if self.raw else []))

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError if there is none."""
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        """Whether a column of that name exists."""
        return name in self._by_name

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that identify a row within an account; empty for a report or a single record."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def updates(self) -> Column | None:
        """The column with the instant of the last change of a record, None where Harvest has none."""
        within = Origin.RECORD if self.items is None else Origin.ENCLOSING
        found = (column for column in self.columns if column.path == ("updated_at",) and column.origin is within)
        return next(found, None)

    @cached_property
    def identity(self) -> Column | None:
        """The column that identifies a record within one list, None for a report, which has no such column."""
        if self.items is not None:
            return next((c for c in self.columns if c.path == ("id",) and c.origin is Origin.ENCLOSING), None)
        keys = [column for column in self.columns if column.key and column.origin is Origin.RECORD]
        return keys[0] if len(keys) == 1 else None

    @cached_property
    def day(self) -> Column | None:
        """The column with the day that both `from` and `to` narrow, None where there is none, as in a report."""
        ends = {param.match: param.column for param in self.params if param.match in (Match.FROM, Match.TO)}
        column = self.column(ends[Match.FROM]) if len(ends) > 1 and len(set(ends.values())) == 1 else None
        return None if column is None or column.origin is Origin.INPUT else column

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The path of the list, that of one record, and the alternates."""
        retrieve = () if self.retrieve is None else (self.retrieve,)
        return (self.path, *retrieve, *(other.path for other in self.alternates))

    def params_of(self, column: str) -> tuple[Param, ...]:
        """Return the parameters that answer predicates on `column`."""
        return tuple(param for param in self.params if param.column == column)
